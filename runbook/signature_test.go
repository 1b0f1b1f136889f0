package runbook

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestI5_SignaturesOfSSHKeygen: what the real ssh-keygen signs is accepted for exactly these bytes, this namespace and these signers.
func TestI5_SignaturesOfSSHKeygen(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not on this machine")
	}
	dir := t.TempDir()
	lock := []byte("format: 1\nsteps: []\n")
	must(t, os.WriteFile(filepath.Join(dir, "lock"), lock, 0o600))
	do := func(args ...string) {
		t.Helper()
		cmd := exec.Command(keygen, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen %v: %v\n%s", args, err, out)
		}
	}
	sign := func(key, namespace string, more ...string) []byte {
		t.Helper()
		_ = os.Remove(filepath.Join(dir, "lock.sig"))
		do(append([]string{"-Y", "sign", "-q", "-f", key, "-n", namespace}, append(more, "lock")...)...)
		sig, err := os.ReadFile(filepath.Join(dir, "lock.sig"))
		must(t, err)
		return sig
	}
	public := func(key string) string {
		b, err := os.ReadFile(filepath.Join(dir, key+".pub"))
		must(t, err)
		return strings.TrimSpace(string(b))
	}
	for _, kind := range [][]string{{"ed25519"}, {"ecdsa"}, {"rsa", "-b", "2048"}} {
		key := kind[0]
		do(append([]string{"-q", "-N", "", "-C", "x", "-f", key, "-t"}, kind...)...)
		for _, hash := range []string{"sha256", "sha512"} {
			who, err := VerifyLock(lock, sign(key, "drbot-lock", "-O", "hashalg="+hash), []byte("# who\n\nana@example.test,ana "+public(key)+"\n"))
			if err != nil || who != "ana@example.test" {
				t.Errorf("%s %s: %q %v", key, hash, who, err)
			}
		}
	}
	sig, ed := sign("ed25519", "drbot-lock"), public("ed25519")
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		lock, sig []byte
		signers   string
		want      string // "": accepted
	}{
		"good":            {lock, sig, "ana " + ed, ""},
		"quoted":          {lock, sig, `"ana,b" ` + ed, ""},
		"namespaces":      {lock, sig, `ana namespaces="git,drbot-*" ` + ed, ""},
		"in time":         {lock, sig, `ana valid-after="20260101Z",valid-before="20270101Z" ` + ed, ""},
		"second line":     {lock, sig, "bob " + public("rsa") + "\nana " + ed, ""},
		"other bytes":     {append([]byte{' '}, lock...), sig, "ana " + ed, "not over these bytes"},
		"other namespace": {lock, sign("ed25519", "git"), "ana " + ed, `for "git"`},
		"other key":       {lock, sig, "ana " + public("rsa"), "not among"},
		"nobody":          {lock, sig, "", "not among"},
		"for git alone":   {lock, sig, `ana namespaces="git" ` + ed, "namespaces"},
		"too late":        {lock, sig, `ana valid-before="20260601" ` + ed, "any more"},
		"too early":       {lock, sig, `ana valid-after="202606011201Z" ` + ed, "not valid yet"},
		"no time":         {lock, sig, `ana valid-after="soon" ` + ed, "no time"},
		"authority":       {lock, sig, "ana cert-authority " + ed, "not followed"},
		"anybody":         {lock, sig, "* " + ed, "names nobody"},
		"half a line":     {lock, sig, "ana", "line 1"},
		"open quote":      {lock, sig, `"ana ` + ed, "line 1"},
		"no signature":    {lock, nil, "ana " + ed, "ssh-keygen -Y sign"},
		"cut signature":   {lock, sig[:len(sig)/2], "ana " + ed, "ssh-keygen -Y sign"},
		"a private key":   {lock, []byte("-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"), "ana " + ed, "signature"},
	} {
		who, err := verifyLock(c.lock, c.sig, []byte(c.signers), now)
		if c.want == "" && (err != nil || who != "ana") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %q %v", name, who, err)
		}
	}
}

func FuzzVerifyLock(f *testing.F) {
	f.Add([]byte("x"), []byte("-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n"), []byte("ana ssh-ed25519 AAAA\n"))
	f.Add([]byte(""), []byte(""), []byte("\"a\" x"))
	f.Fuzz(func(t *testing.T, lock, sig, signers []byte) {
		if who, err := VerifyLock(lock, sig, signers); err == nil && who == "" {
			t.Fatal("accepted nobody")
		}
	})
}
