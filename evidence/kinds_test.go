package evidence

import (
	"bytes"
	"testing"
)

// The script asks for the payload of each kind of the house's records that is packed: a list in Go and a list in sh.
func TestI43_ScriptAsksForEveryPayload(t *testing.T) {
	for _, kind := range kept {
		if !bytes.Contains(verify, []byte("house."+kind)) {
			t.Errorf("VERIFY.md does not ask for the payload of %s", kind)
		}
	}
}
