package redis

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/postgres/pgtest"
	"github.com/drbot/drbot/integrations/redis/redistest"
)

func work(s *redistest.Server, script string) incident.Work {
	return incident.Work{Script: script, Server: s.Server(), Password: redistest.Password}
}

func run(t testing.TB, w incident.Work) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	err := Executor{}.Run(ctx, w, &out)
	return out.String(), err
}

func TestRun(t *testing.T) {
	s := start(t)
	out, err := run(t, work(s, "# a remark\nSET greeting \"hello  world\"\nGET greeting\n\nGET gone\nRPUSH list a 'b c' \"d\\\"e\"\nLRANGE list 0 -1\nHSET h f 1 g 2\nHGETALL h\nCONFIG GET maxmemory\n"+
		"MULTI\nINCR n\nINCR n\nEXEC\nSET tab \"x\ty\"\nGET tab\nINFO persistence"))
	want := "OK\nhello  world\n\\N\n3\na\nb c\nd\"e\n2\nf\t1\ng\t2\nmaxmemory\t0\nOK\nQUEUED\nQUEUED\n1\n2\nOK\nx\\ty\n# Persistence\nloading:0\n"
	if err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
}

func start(t *testing.T) *redistest.Server {
	if testing.Short() {
		t.Skip("starts Redis")
	}
	return redistest.Start(t)
}

func TestI32_AnErrorReplyFails(t *testing.T) {
	s := start(t)
	for script, want := range map[string]string{
		"SET a x\nINCR a\nSET b reached":                                    "command 2, INCR: ERR value is not an integer",
		"NOSUCH\nSET b reached":                                             "command 1, NOSUCH: ERR unknown command",
		"SET a x\nMULTI\nINCR a\nEXEC\nSET b reached":                       "command 4, EXEC: ERR value is not an integer",
		"SET a x\nEVAL \"return redis.pcall('INCR','a')\" 0\nSET b reached": "command 2, EVAL: ERR",
	} {
		if _, err := run(t, work(s, script)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if n := s.Client(t).Exists(context.Background(), "b").Val(); n != 0 {
		t.Error("it went on after an error")
	}
	w := work(s, "PING")
	w.Password = "wrong"
	if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("%v", err)
	}
	w.Server.Port = pgtest.FreePort(t)
	if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

func TestI34_HostileValues(t *testing.T) {
	s := start(t)
	client := s.Client(t)
	for _, v := range []string{
		"plain", "it's", `"q"`, `\`, "a b", "a\nb", "a\r\nFLUSHALL\r\n", "*", "?", "$(id)", "`id`", "-x", "--rdb", ":V", "#", "\x00", "a\x00b", "\xff\xfe", "é😀", "\u202e", strings.Repeat("x", 4000), "*3\r\n$3\r\nSET\r\n",
	} {
		w := work(s, "SET :V :V\nSTRLEN :V")
		w.Values = map[string]string{"V": v}
		out, err := run(t, w)
		if err != nil || !strings.HasPrefix(out, "OK\n") || client.Get(context.Background(), v).Val() != v {
			t.Errorf("%q: %q %v", v, out, err)
		}
	}
	if n := client.DBSize(context.Background()).Val(); n != 22 {
		t.Errorf("%d keys", n)
	}
	for script, want := range map[string]string{
		"PING\nGET :GONE": "has no value", "PING\n:V": "cannot be a parameter", "PING\nGET $HOME": "a shell would expand", "PING\nGET `id`": "a shell would expand", "PING\nGET x; FLUSHALL": "line 2",
		"PING\nGET x > /tmp/y": "line 2", "PING\nGET 'open": "line 2", "PING\nA=1 GET x": "line 2", "PING\nMONITOR": "not for a step", "PING\nauth x": "not for a step", "PING\nCLIENT reply OFF": "not for a step", "PING & PING": "line 1",
	} {
		if out, err := run(t, work(s, script)); err == nil || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%s: %q %v", script, out, err)
		}
	}
}

func TestReadsOnly(t *testing.T) {
	s := start(t)
	for _, script := range []string{"SET a b", "CONFIG SET save ''", "FLUSHALL", "EVAL \"redis.call('SET','a','b')\" 0", "CONFIG REWRITE", "GET a\nDEL a", "SORT x STORE y", "NOSUCH"} {
		w := work(s, script)
		w.ReadOnly = true
		if _, err := run(t, w); err == nil || !strings.Contains(err.Error(), "a step that reads") {
			t.Errorf("%s: %v", script, err)
		}
	}
	w := work(s, "DBSIZE\nCONFIG GET dir\nSCAN 0")
	w.ReadOnly = true
	if out, err := run(t, w); err != nil || out != "0\ndir\t"+s.Dir+"\n0\n[]\n" {
		t.Errorf("%q %v", out, err)
	}
}
