package templates

import (
	"strings"
	"testing"

	"github.com/drbot/drbot/incident"
)

func TestOutwardShowsTheRunbooksBoldAndNothingElse(t *testing.T) {
	i := incident.New(42)
	m := Outward(i, "**Status:** Identified\n\nLogins stay off <!channel> *now* [x](http://y) **odd\n")
	text := Text(m)
	for _, want := range []string{"Status: Identified", "<!channel> *now* [x](http://y) **odd"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	lines := m.Blocks[0].(Lines).Lines
	if lines[0][0].Style != Bold || lines[0][0].Text != "Status:" {
		t.Errorf("first span: %+v", lines[0][0])
	}
	if !strings.HasPrefix(m.Text, "INC-42: Status: Identified") {
		t.Errorf("on a locked phone: %q", m.Text)
	}
}
