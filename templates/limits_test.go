package templates

import (
	"testing"
	"unicode/utf8"
)

type failer interface {
	Helper()
	Errorf(string, ...any)
}

func checkLimits(t failer, m Message) {
	t.Helper()
	most := func(what, s string, n int) {
		t.Helper()
		if utf8.RuneCountInString(s) > n {
			t.Errorf("%s has %d characters, %d fit: %.80s", what, utf8.RuneCountInString(s), n, s)
		}
		if !utf8.ValidString(s) {
			t.Errorf("%s is not valid UTF-8", what)
		}
	}
	if m.Text == "" {
		t.Errorf("a locked phone would show nothing")
	}
	most("text", m.Text, 400)
	if len(m.Blocks) > 50 {
		t.Errorf("%d blocks, 50 fit", len(m.Blocks))
	}
	total := 0
	for _, b := range m.Blocks {
		total += size(b)
		switch b := b.(type) {
		case Header:
			most("header", b.Text, 150)
		case Lines, Rows, Note, Code:
			if size(b) > 3000 {
				t.Errorf("%T of %d characters, 3,000 fit", b, size(b))
			}
		case Checks:
			if len(b.Items) == 0 || len(b.Items) > 10 {
				t.Errorf("%d boxes in a group, 1 to 10 fit", len(b.Items))
			}
			for _, c := range b.Items {
				most("box", c.Text, 75)
			}
		case Actions:
			if len(b.Elements) == 0 || len(b.Elements) > 25 {
				t.Errorf("%d elements in a row, 1 to 25 fit", len(b.Elements))
			}
			for _, e := range b.Elements {
				checkElement(t, e, most)
			}
		}
	}
	if total >= 10_000 {
		t.Errorf("%d characters in all, under 10,000 fit", total)
	}
}

func checkElement(t failer, e Element, most func(string, string, int)) {
	button := func(b Button) {
		most("label", b.Label, 75)
		most("object", b.Object, 75)
		if b.Label == "" || b.Verb == "" && b.URL == "" {
			t.Errorf("a button without label or verb: %+v", b)
		}
		if c := b.Confirm; c != nil {
			most("dialog title", c.Title, 100)
			most("dialog", c.Text, 300)
			most("yes", c.Yes, 30)
			most("no", c.No, 30)
			if c.Title == "" || c.Text == "" || c.Yes == "" || c.No == "" {
				t.Errorf("an empty part of the dialog of %s", b.Label)
			}
		}
	}
	switch e := e.(type) {
	case Button:
		button(e)
	case Menu:
		if len(e.Options) == 0 || len(e.Options) > 5 {
			t.Errorf("%d options in a menu, 1 to 5 fit", len(e.Options))
		}
		for _, o := range e.Options {
			button(o)
		}
	}
}

var _ failer = (*testing.T)(nil)
