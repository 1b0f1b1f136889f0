package terminal

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// TestMain lets the test program be a client of another account.
func TestMain(m *testing.M) {
	if socket := os.Getenv("TERMINAL_TEST_SOCKET"); socket != "" {
		c, err := Dial(context.Background(), Client{Socket: socket})
		if err == nil {
			var a Answer
			if a, err = c.Command(context.Background(), Request{Group: "incident", Text: "list"}); err == nil {
				_, _ = os.Stdout.WriteString(a.As)
			}
		}
		if err != nil {
			_, _ = os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// office records what arrives. Like the real one it takes a nameless person for nobody.
type office struct {
	mu   sync.Mutex
	got  []commands.Command
	fail error
}

func (o *office) Handle(_ context.Context, c commands.Command) (commands.Reply, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return commands.Reply{}, o.fail
	}
	if c.Actor.Unix == "" && c.Actor.SSH == "" && c.Verb != "incident list" {
		return commands.Reply{Kind: incident.Unknown, Say: templates.Message{Text: "who are you?"}}, nil
	}
	o.got = append(o.got, c)
	return commands.Reply{Say: templates.Message{Text: "done"}, ID: 42, Data: []int{1}}, nil
}

func (o *office) last(t *testing.T) commands.Command {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.got) == 0 {
		t.Fatal("nothing arrived")
	}
	return o.got[len(o.got)-1]
}

func serve(t *testing.T, o *office, socket string) *Door {
	t.Helper()
	d := &Door{Handler: o, Data: "/data", Release: "test", Log: slog.New(slog.DiscardHandler), Now: time.Now}
	l, err := d.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d
}

func dial(t *testing.T, c Client) *Client {
	t.Helper()
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// keyring serves an ssh-agent with one key and gives its socket and the key's line.
func keyring(t *testing.T) (socket, line string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { _ = agent.ServeAgent(ring, conn); _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return socket, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func TestI9_SharedAccountProvesNobody(t *testing.T) {
	o := &office{}
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, o, socket)
	c := dial(t, Client{Socket: socket, Data: "/data"})
	a, err := c.Command(t.Context(), Request{Group: "incident", Text: "ack 42"})
	if err != nil || a.Kind != "unknown_person" || a.As != "" {
		t.Fatalf("drbot's own account acts as %q: %+v, %v", a.As, a, err)
	}
	if a, err = c.Command(t.Context(), Request{Group: "incident", Text: "list"}); err != nil || a.Text != "done" {
		t.Fatalf("reading: %+v, %v", a, err)
	}
}

func TestI9_AnotherAccountIsThePeersOwn(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another account")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("this machine has no account nobody")
	}
	dir, err := os.MkdirTemp("", "drbot-terminal-") // t.TempDir is below a folder that others cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	serve(t, &office{}, socket)
	self := filepath.Join(dir, "client")
	b, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = errors.Join(os.WriteFile(self, b, 0o755), os.Chmod(dir, 0o755), os.Chmod(socket, 0o666))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = []string{"TERMINAL_TEST_SOCKET=" + socket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	if err != nil || string(out) != nobody.Username {
		t.Fatalf("the peer is taken for %q: %v", out, err)
	}
}

func TestI9_SSHKeyProvesItsOwner(t *testing.T) {
	o := &office{}
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, o, socket)
	agentSocket, line := keyring(t)
	c := dial(t, Client{Socket: socket, Data: "/data", Agent: agentSocket, Key: line + " ana@laptop"})
	a, err := c.Command(t.Context(), Request{Verb: "recover approve", Object: "A17", Fields: map[string][]string{"sha256": {"9f3a77c0"}}})
	if err != nil || a.Kind != "" {
		t.Fatalf("%+v, %v", a, err)
	}
	if got := o.last(t); got.Actor.SSH != line || got.Object != "A17" || got.Field("sha256") != "9f3a77c0" {
		t.Errorf("arrived: %+v", got)
	}
}

func TestI14_ForgedOrReplayedSignatureChangesNothing(t *testing.T) {
	o := &office{}
	socket := filepath.Join(t.TempDir(), "s")
	d := serve(t, o, socket)
	agentSocket, line := keyring(t)
	c := dial(t, Client{Socket: socket, Data: "/data"})
	signedRequest := func() Request {
		nonce, err := d.nonces.make()
		if err != nil {
			t.Fatal(err)
		}
		r := Request{ID: "1", Verb: "recover approve", Object: "A17"}
		if r.Proof, err = sign(agentSocket, line, nonce, r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	good := signedRequest()
	if a, err := c.Command(t.Context(), good); err != nil || a.Kind != "" {
		t.Fatalf("a good signature: %+v, %v", a, err)
	}
	arrived := len(o.got)
	other := signedRequest()
	other.Object = "A18"
	forged := signedRequest()
	forged.Proof.Blob[0] ^= 1
	invented := signedRequest()
	invented.Proof.Nonce = "invented"
	for name, r := range map[string]Request{"replayed": good, "for another approval": other, "forged": forged, "with an invented nonce": invented} {
		if a, err := c.Command(t.Context(), r); err != nil || a.Kind != "not_allowed" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if len(o.got) != arrived {
		t.Errorf("%d of them arrived", len(o.got)-arrived)
	}
}

func TestI47_RequestIDIsTheDeliveryKey(t *testing.T) {
	o := &office{}
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, o, socket)
	c := dial(t, Client{Socket: socket, Data: "/data"})
	for range 2 {
		if _, err := c.Command(t.Context(), Request{ID: "same", Group: "incident", Text: "list"}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := o.got[0].Keys, o.got[1].Keys; len(a) != 1 || a[0] != b[0] || o.got[0].Keep != requestKeep {
		t.Errorf("keys %v and %v", a, b)
	}
	if _, err := c.Command(t.Context(), Request{Group: "incident", Text: "list"}); err != nil {
		t.Fatal(err)
	}
	if o.got[2].Keys[0] == o.got[0].Keys[0] {
		t.Error("two lines share a key")
	}
}

func TestI46_NotKeptIsNotDone(t *testing.T) {
	o := &office{fail: errors.New("disk full on ops1")}
	socket := filepath.Join(t.TempDir(), "s")
	serve(t, o, socket)
	c := dial(t, Client{Socket: socket, Data: "/data"})
	a, err := c.Command(t.Context(), Request{Group: "incident", Text: "note hello"})
	if err != nil || a.Kind != "outage" || !strings.Contains(a.Text, "nothing was done: disk full on ops1") {
		t.Fatalf("%+v, %v", a, err)
	}
}

func TestClientFindsTheRightDrbot(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	socket := filepath.Join(deep, "drbot.sock")
	d := serve(t, &office{}, socket)
	if _, err := Dial(t.Context(), Client{Socket: socket, Data: "/elsewhere"}); err == nil || !strings.Contains(err.Error(), "/elsewhere") {
		t.Errorf("another data directory: %v", err)
	}
	if _, err := d.Listen(socket); err == nil {
		t.Error("two doors on one socket")
	}
	if _, err := Dial(t.Context(), Client{Socket: filepath.Join(deep, "nothing")}); !errors.Is(err, ErrNobody) {
		t.Errorf("no socket: %v", err)
	}
	st, err := os.Stat(socket)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("socket mode %v, %v", st.Mode(), err)
	}
}

// A record that nobody looked at is not whole: whoever may not ask for a verification is told so.
func TestI42_ARefusedVerificationIsNoVerification(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	d := &Door{Data: "/data", Release: "test", Log: slog.New(slog.DiscardHandler), Now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/hello", d.hello)
	mux.HandleFunc("POST /v1/audit/verify", d.keeperOnly(d.verify)) // without a known peer, as for any other account
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	var all sync.WaitGroup
	all.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); all.Wait() })
	c := dial(t, Client{Socket: socket, Data: "/data"})
	head, _, finding, err := c.Verify(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "the whole record is for drbot's own account and root") {
		t.Errorf("head %+v, finding %q, %v", head, finding, err)
	}
}
