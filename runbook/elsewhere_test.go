package runbook

import (
	"path/filepath"
	"strings"
	"testing"
)

// A target on another host is named so that it can be no option of a client and no word of a shell, and its folder is one of there.
func TestTargetsOnOtherHosts(t *testing.T) {
	lock := func(target string) []byte { return []byte("format: 1\ntargets:\n  db1: {" + target + "}\n") }
	for target, want := range map[string]string{
		"host: 'ssh:db1', dir: /srv/app": "", "host: 'ssh:ana@db1.example.com'": "", "host: local, dir: ./x": "", "dir: ./x": "",
		"host: db1": "ssh:NAME", "host: 'ssh:'": "ssh:NAME", "host: 'ssh:-oProxyCommand=x'": "ssh:NAME", "host: 'ssh:db1 reboot'": "ssh:NAME",
		"host: 'ssh:a@-x'": "ssh:NAME", "host: 'telnet:db1'": "ssh:NAME", "host: 'ssh:db1', dir: ./x": "absolute path there",
	} {
		_, err := ReadLock(lock(target))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", target, err)
		}
	}
	l, err := ReadLock(lock("host: 'ssh:db1'"))
	if err != nil {
		t.Fatal(err)
	}
	if on := load(l, &Entry{Target: "db1"}, "/here").On; on.Dir != "" || !on.Elsewhere() {
		t.Errorf("%+v", on)
	}
	if on := load(&Lock{Targets: map[string]Target{"x": {Dir: "sub"}}}, &Entry{Target: "x"}, "/here").On; on.Dir != filepath.Join("/here", "sub") || on.Elsewhere() {
		t.Errorf("%+v", on)
	}
}
