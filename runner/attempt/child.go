package attempt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/secret"
)

const (
	// producedLimit bounds the bytes of $DRBOT_OUT that are read.
	producedLimit = 32 << 10
	// scriptPath is how the step opens its script: a sealed memory file, descriptor 3.
	scriptPath = "/dev/fd/3"
)

// child is the step's direct process.
type child struct {
	job     Job
	cmd     *exec.Cmd
	work    string // its HOME
	outFile string // $DRBOT_OUT
	outside bool   // work is not in the attempt's directory
	uid     int
	bounds  *bounds
}

// newChild prepares the process without starting it: the checked script, the
// clean environment, the account.
func newChild(dir string, j Job, secrets map[string][]byte) (*child, error) {
	c := &child{job: j, uid: os.Geteuid()}
	var credential *syscall.Credential
	if j.User != "" {
		var err error
		if credential, err = account(j.User); err != nil {
			return nil, err
		}
		c.uid = int(credential.Uid)
	}
	if err := c.makeWork(dir, credential); err != nil {
		return nil, fmt.Errorf("make work directory: %w", err)
	}
	script, err := sealed(j.Script, j.SHA256)
	if err != nil {
		return nil, err
	}
	env := []string{"PATH=" + j.Path, "HOME=" + c.work, "LC_ALL=C.UTF-8", "DRBOT_OUT=" + c.outFile, "DRBOT_ATTEMPT=" + mark(dir),
		"DRBOT_OUTPUT_LIMIT=" + strconv.FormatInt(j.OutputLimit, 10)}
	vars := slices.Clone(j.Env)
	for _, name := range j.Secrets {
		vars = append(vars, Var{Name: name, Value: string(secrets[name])})
	}
	c.bounds = newBounds(dir, j)
	c.cmd = &exec.Cmd{
		Dir:         j.Dir,
		ExtraFiles:  []*os.File{script},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Credential: credential},
	}
	if c.cmd.Dir == "" {
		c.cmd.Dir = c.work
	}
	if info, err := os.Stat(c.cmd.Dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("directory %s of the target is not there", c.cmd.Dir)
	}
	switch {
	case j.Interpreter == SQLite:
		return c, c.useSQLite(env, vars)
	case j.Interpreter != Bash:
		return c, c.useExecutor(env, vars, secrets[ServerPassword])
	case j.Server != nil:
		vars = append(vars, j.Server.Environment(string(secrets[ServerPassword]))...)
	}
	return c, c.useBash(env, vars)
}

func (c *child) useBash(env []string, vars []Var) error {
	for _, path := range []string{"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/run/current-system/sw/bin/bash"} {
		if _, err := os.Stat(path); err == nil {
			c.cmd.Path = path
			break
		}
	}
	if c.cmd.Path == "" {
		return errors.New("no bash on this host")
	}
	c.cmd.Args = []string{"bash", "--noprofile", "--norc", "-euo", "pipefail", scriptPath}
	for _, v := range vars {
		env = append(env, v.Name+"="+v.Value)
	}
	c.cmd.Env = env
	return nil
}

// account looks the step's account up, with its own groups and no others.
func account(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("runner.user: %w", err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of runner.user %s: %w", name, err)
	}
	ids := make([]uint32, 0, len(groups)+2)
	for _, text := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("runner.user %s: id %q", name, text)
		}
		ids = append(ids, uint32(id))
	}
	if ids[0] == 0 {
		return nil, fmt.Errorf("runner.user %s is root; a step must not be", name)
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}

// makeWork makes HOME and $DRBOT_OUT. Another account cannot reach into drbot's
// data directory (0700), so its work directory is a fresh one outside (I57).
func (c *child) makeWork(dir string, credential *syscall.Credential) error {
	c.work = filepath.Join(dir, workDir)
	err := os.MkdirAll(c.work, 0o700)
	if credential != nil {
		c.outside = true
		c.work, err = os.MkdirTemp("", "drbot-"+filepath.Base(dir)+"-")
	}
	if err != nil {
		return err
	}
	c.outFile = filepath.Join(c.work, "out")
	if err := os.WriteFile(c.outFile, nil, 0o600); err != nil || credential == nil {
		return err
	}
	for _, path := range []string{c.outFile, c.work} {
		if err := os.Chown(path, int(credential.Uid), int(credential.Gid)); err != nil {
			return err
		}
	}
	return nil
}

// sealed puts the script into a memory file that nobody can change any more, root
// and the step itself included, reads it back and compares its digest with the
// approved one (I2, I6). It needs no path, so another account can open it too.
func sealed(script []byte, sha256 string) (*os.File, error) {
	fd, err := unix.MemfdCreate("script", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("script", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("script file: %w", err)
	}
	f := os.NewFile(uintptr(fd), "script")
	_, err = f.Write(script)
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("script file: %w", err), f.Close())
	}
	back, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("script file: %w", err), f.Close())
	}
	if got := incident.Digest(back); got != sha256 {
		return nil, errors.Join(fmt.Errorf("script has sha256 %s, approved was %s", got, sha256), f.Close())
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// start executes the child with its output going to out. Its state comes over the
// channel when it ended.
func (c *child) start(out *output) (<-chan *os.ProcessState, error) {
	stdout, stderr, err := out.pipes()
	if err != nil {
		return nil, err
	}
	c.cmd.Stdout, c.cmd.Stderr = stdout, stderr // Stdin nil is /dev/null
	if g := c.bounds.group; g != nil {
		c.cmd.SysProcAttr.UseCgroupFD, c.cmd.SysProcAttr.CgroupFD = true, int(g.file.Fd())
	}
	err = withoutCapabilities(c.cmd.Start)
	for _, f := range append(c.cmd.ExtraFiles, stdout, stderr) {
		_ = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("execute %s: %w", c.cmd.Args[0], err)
	}
	c.bounds.bind()
	out.pump()
	ends := make(chan *os.ProcessState, 1)
	go func() {
		state, err := c.cmd.Process.Wait()
		if err == nil {
			ends <- state
		}
	}()
	return ends, nil
}

// withoutCapabilities has a process started that inherits nothing of what the unit gave drbot to change accounts: a step
// could make itself root with it. They are the thread's that forks, which is let go of afterwards and ends.
func withoutCapabilities(start func() error) error {
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // an error is a kernel that has none
		failed <- start()
	}()
	return <-failed
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// produced reads NAME=value lines. Only declared names may stand there; the last
// line of a name counts; empty lines do not.
// The file is the step's to do with as it likes, so it is opened with care:
// a link to somebody else's file is not followed.
func (c *child) produced(hide *secret.Redactor) (map[string]string, error) {
	f, err := os.OpenFile(c.outFile, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("read what the step produced: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read what the step produced: %w", err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || stat.Nlink != 1 || int(stat.Uid) != c.uid {
		return nil, errors.New("$DRBOT_OUT is not the step's own plain file any more")
	}
	raw, err := io.ReadAll(io.LimitReader(f, producedLimit))
	if err != nil {
		return nil, fmt.Errorf("read what the step produced: %w", err)
	}
	out := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, producedLimit+1)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok || !slices.Contains(c.job.Produces, name) {
			return out, fmt.Errorf("the step produced %s, which it does not declare", short(lines.Text()))
		}
		out[name] = hide.Text(strings.ToValidUTF8(value, "\uFFFD"))
	}
	return out, nil
}

// clean removes a work directory outside the attempt's, unless somebody still
// lives in it.
func (c *child) clean(inUse bool) {
	if c.outside && !inUse {
		_ = os.RemoveAll(c.work) // left behind at worst: the temporary directory is swept by the host
	}
}

// short quotes text for a sentence.
func short(text string) string {
	runes := []rune(Neutralise(text))
	if len(runes) > 200 {
		runes = append(runes[:200], '…')
	}
	return fmt.Sprintf("%q", string(runes))
}
