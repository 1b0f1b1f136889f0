package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state/follow"
)

// A review draft is a file that people write on in. It ends with a line that carries the sha256 of everything above it:
// while that holds, nobody changed the file, and a later resolution may write it anew; once it does not, drbot leaves
// the file alone. The file proves itself, so a crash or a restored record changes nothing about it.

var seal = regexp.MustCompile(`\n<!-- drbot wrote everything above; sha256 ([0-9a-f]{64})\. Change it freely: drbot then leaves the file alone\. -->\n$`)

func sealed(draft []byte) []byte {
	sum := sha256.Sum256(draft)
	return fmt.Appendf(bytes.Clone(draft), "\n<!-- drbot wrote everything above; sha256 %s. Change it freely: drbot then leaves the file alone. -->\n", hex.EncodeToString(sum[:]))
}

// untouched reports whether a file is as drbot wrote it.
func untouched(file []byte) bool {
	at := seal.FindSubmatchIndex(file)
	if at == nil {
		return false
	}
	sum := sha256.Sum256(file[:at[0]])
	return string(file[at[2]:at[3]]) == hex.EncodeToString(sum[:])
}

// reviewAsked is the newest record of a batch that opens a review; 0: none does.
func reviewAsked(b follow.Batch) (seq uint64) {
	for _, r := range b.Records {
		if r.Kind == (incident.ReviewOpened{}).EventKind() {
			seq = r.Seq
		}
	}
	return seq
}

// putReview writes a draft where no file is, or one that nobody changed.
func putReview(file string, draft []byte) error {
	page := sealed(draft)
	switch old, err := os.ReadFile(file); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read the review draft: %w", err)
	case bytes.Equal(old, page) || !untouched(old):
		return nil
	}
	return replace(file, page)
}
