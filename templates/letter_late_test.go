package templates

import (
	"strings"
	"testing"
)

// TestAMailThatWaitedSaysSo: and promises nothing that has passed.
func TestAMailThatWaitedSaysSo(t *testing.T) {
	l := Letter{Subject: "Outage", Text: "Found it.\n\nNext update: 24 Nov 03:45 UTC\n"}
	if got := Delayed(l, at("03:30"), at("03:39"), at("03:35")); got != l {
		t.Errorf("it hardly waited:\n%s", got.Text)
	}
	got := Delayed(l, at("03:30"), at("05:00"), at("03:45"), at("06:00"))
	if want := "Written 24 Nov 03:30 UTC, sent 24 Nov 05:00 UTC: this mail had to wait.\n\nFound it.\n\nNext update: when there is news\n"; got.Text != want || got.Subject != l.Subject {
		t.Errorf("%q, want %q", got.Text, want)
	}
	if got = Delayed(l, at("03:50"), at("03:51"), at("03:45")); got.Text != "Found it.\n\nNext update: when there is news\n" {
		t.Errorf("a correction promises what had passed:\n%s", got.Text)
	}
	l.Text = "The next update comes by 24 Nov 03:45 UTC.\n"
	if got = Delayed(l, at("03:50"), at("03:51"), at("03:45")); got.Text != "The next update comes when there is news.\n" {
		t.Errorf("it reads\n%s", got.Text)
	}
	l.Text = "Next update: 24 Nov 03:45 UTC\n"
	if got = Delayed(l, at("03:30"), at("03:44"), at("03:45")); !strings.Contains(got.Text, "Next update: 24 Nov 03:45 UTC") {
		t.Errorf("what is still to come is promised:\n%s", got.Text)
	}
}
