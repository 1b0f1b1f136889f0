package attempt

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/secret"
)

// TestI39_TheReasonIsTheLastLineOfStandardError: whichever pipe is read last, and however much the other one brings.
func TestI39_TheReasonIsTheLastLineOfStandardError(t *testing.T) {
	for script, want := range map[string]string{
		"echo the reason >&2; sleep 0.1; seq 100000; exit 1":                           "the reason",
		"echo warning >&2; echo the reason >&2; echo; seq 3; exit 1":                   "the reason",
		"printf 'half\\rthe reason\\n\\n \\n' >&2; exit 1":                             "the reason",
		"printf '\\033[31mthe reason\\033[0m' >&2; exit 1":                             "the reason",
		"echo no reason; exit 1":                                                       "",
		"head -c 30000 /dev/zero | tr '\\0' x >&2; exit 1":                             strings.Repeat("x", saidBytes) + "…",
		"head -c 30000 /dev/zero | tr '\\0' x >&2; printf '\\nthe reason' >&2; exit 1": "the reason",
		"echo \"it is $KEY\" >&2; exit 1":                                              "it is " + secret.Stars,
	} {
		j := bashJob("a1", script)
		j.Secrets = []string{"KEY"}
		if _, r := run(t, j, map[string]secret.String{"KEY": secret.New("correct-horse")}); r.Said != want {
			t.Errorf("%s: %q", script, r.Said)
		}
	}
}
