package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/drbot/drbot/state"
)

// TestI53_PagesInACircle: bbolt follows children until the stack of the process is used up, which nothing recovers
// from; such a file must be refused before bbolt sees it.
func TestI53_PagesInACircle(t *testing.T) {
	file := written(t)
	order, circles := binary.NativeEndian, 0
	for at := 8192; at+4096 <= len(file); at += 4096 {
		const branch = 1
		if order.Uint16(file[at+8:]) != branch || order.Uint64(file[at:]) != uint64(at/4096) {
			continue
		}
		for k := range int(order.Uint16(file[at+10:])) {
			for _, to := range []uint64{uint64(at / 4096), 0, 1 << 50} {
				bad := bytes.Clone(file)
				order.PutUint64(bad[at+16+16*k+8:], to)
				if err := exercise(t, bad); err != nil && !errors.Is(err, state.ErrDamaged) {
					t.Errorf("page %d, child %d to %d: %v", at/4096, k, to, err)
				}
				circles++
			}
		}
	}
	if circles == 0 {
		t.Fatal("the file has no branch page")
	}
}
