package commands_test

import (
	"strings"
	"testing"
)

// TestI42_ADueDateOfAnotherYearHasItsYear: a slip of the number of days is seen in the answer.
func TestI42_ADueDateOfAnotherYearHasItsYear(t *testing.T) {
	o := opened(t)
	_, channel := o.begin("users db is gone")
	o.typed(ana, channel, "/incident resolve it works again anyway: nothing is left")
	for line, want := range map[string]string{"upgrade thing due 400d": "due 29 Dec 2027 ", "near thing due 4d": "due 28 Nov "} {
		if r := o.typed(ana, channel, "/incident action "+line); !r.Done() || !strings.Contains(r.Say.Text, want) {
			t.Errorf("%s: %+v", line, r)
		}
	}
	if r := o.typed(ana, channel, "/incident timeline"); !strings.Contains(dump(r), "due 29 Dec 2027 ") {
		t.Errorf("%+v", r.Say)
	}
}
