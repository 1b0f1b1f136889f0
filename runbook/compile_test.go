package runbook

import (
	"bytes"
	"testing"
)

func TestCompileSeedTwiceIsTheSame(t *testing.T) {
	rb, err := Parse(seed(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	first, rep := Compile(rb, nil)
	t.Log(rep.Summary())
	text := first.Marshal()
	read, err := ReadLock(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !bytes.Equal(read.Marshal(), text) {
		t.Fatalf("a read lock is written differently:\n%s", read.Marshal())
	}
	second, rep2 := Compile(rb, read)
	if !bytes.Equal(second.Marshal(), text) {
		t.Fatalf("compiling again changed the lock:\n%s", second.Marshal())
	}
	if len(rep2.Changes) != 0 {
		t.Fatalf("changes: %v", rep2.Changes)
	}
	t.Logf("%s", text)
	for _, c := range rep.Changes {
		t.Logf("%+v", c)
	}
}
