package main

import (
	"io/fs"
	"strings"
	"testing"
)

// An account that may not write into drbot's data hears whose it is and where its archive can go.
func TestEvidenceElsewhere(t *testing.T) {
	err := elsewhere(&fs.PathError{Op: "mkdir", Path: "/data/evidence", Err: fs.ErrPermission})
	for _, want := range []string{"permission denied", "its own account and root", "name a FILE of yours"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if other := elsewhere(fs.ErrExist); other.Error() != fs.ErrExist.Error() {
		t.Error(other)
	}
}
