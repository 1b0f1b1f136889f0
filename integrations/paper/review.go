package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/drbot/drbot/incident"
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

// noteReview keeps which resolution was drafted.
const noteReview = "review"

// reviewDue names the resolution whose draft is not written yet; "" when there is none. It goes by the fold and not by the
// records of the batch, since a page covers what came meanwhile.
func reviewDue(i *incident.Incident, notes map[string]string) string {
	if i.Review == nil {
		return ""
	}
	which := i.ResolvedAt.UTC().Format(time.RFC3339Nano)
	if notes[noteReview] == which {
		return ""
	}
	return which
}

// putReview writes a draft where no file is, or one that nobody changed. false: somebody did, and it stays.
func putReview(file string, draft []byte) (ours bool, err error) {
	page := sealed(draft)
	switch old, err := os.ReadFile(file); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return false, fmt.Errorf("read the review draft: %w", err)
	case bytes.Equal(old, page):
		return true, nil
	case !untouched(old):
		return false, nil
	}
	return true, replace(file, page)
}
