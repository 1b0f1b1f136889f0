package templates

import "testing"

// TestJoinersStayInWords of scripts that are written with them; everything else that does not show goes.
func TestJoinersStayInWords(t *testing.T) {
	for s, want := range map[string]string{
		"می\u200cخواهم":                 "می\u200cخواهم",
		"क्\u200dष":                     "क्\u200dष",
		"👨\u200d👩\u200d👧 and ❤️\u200d🔥": "👨\u200d👩\u200d👧 and ❤️\u200d🔥",
		"ad\u200cmin r\u200dm":          "admin rm",
		"\u200dخ\u200c \u200cخ\u200d":   "خ خ",
		"خ\u200c\u200cخ":                "خ\u200cخ",
		"خ\u200d\u202eخ":                "خخ",
		"a\u202eb\u200bc\u2066d\ufeff":  "abcd",
	} {
		if got := flat(s, 100); got != want {
			t.Errorf("%+q is %+q, not %+q", s, got, want)
		}
	}
}
