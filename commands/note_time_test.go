package commands

import (
	"strings"
	"testing"
	"time"
)

// TestI42_ANoteStandsAtTheInstantThatWasMeant: a time in UTC is read however people write it; one of another zone, or in other
// words, is refused and not taken for text.
func TestI42_ANoteStandsAtTheInstantThatWasMeant(t *testing.T) {
	now := time.Date(2026, 12, 4, 9, 30, 12, 0, time.UTC)
	for text, want := range map[string]string{
		"09:20 ok": "12-04 09:20:00 ok", "09:20 UTC ok": "12-04 09:20:00 ok", "09:20Z ok": "12-04 09:20:00 ok", "09:20 (UTC): ok": "12-04 09:20:00 ok", "09:20 GMT ok": "12-04 09:20:00 ok",
		"09:20: ok": "12-04 09:20:00 ok", "(09:20) ok": "12-04 09:20:00 ok", "[09:20] ok": "12-04 09:20:00 ok", "09:20:05 ok": "12-04 09:20:05 ok", "22:10 ok": "12-03 22:10:00 ok",
		"yesterday 22:10 ok": "12-03 22:10:00 ok", "2026-12-01 22:10 ok": "12-01 22:10:00 ok", "2026-12-01T22:10+01:00 ok": "12-01 21:10:00 ok",
		"10m ago ok": "12-04 09:20:12 ok", "5 min ago: ok": "12-04 09:25:12 ok", "2 hours ago ok": "12-04 07:30:12 ok",
		"the fan is loud": "", "12h of downtime": "", "at 09:20 the fan": "", "3 nodes": "", "may be the fan": "", "3 may fail": "", "sun is up": "", "10/12 nodes up": "", "today we fail over": "", "CET is late": "", "monitoring 09:20": "",
		"09:20 CET ok": "!09:20 CET", "09:20 CEST ok": "!09:20 CEST", "09:20 cet ok": "!09:20 cet", "09:20 EST ok": "!09:20 EST", "09:20 +0100 ok": "!09:20 +0100", "09:20+01:00 ok": "!09:20+01:00", "09:20 Europe/Madrid ok": "!09:20 Europe/Madrid", "09:20 UTC+1 ok": "!09:20 UTC+1",
		"9pm nine": "!9pm", "9 pm nine": "!9 pm", "09:20h x": "!09:20h", "09h20 x": "!09h20", "09:20 pm x": "!09:20 pm", "25:00 x": "!25:00", "09:20-09:25 x": "!09:20-09:25",
		"yesterday x": "!yesterday", "yesterday 9 pm x": "!yesterday", "2026-12-03 x": "!2026-12-03", "3 Dec 22:00 x": "!3 Dec 22:00", "Dec 3 22:00 x": "!Dec 3 22:00", "03.12.2026 x": "!03.12.2026", "Monday 22:00 x": "!Monday 22:00",
		"noon x": "!noon", "1:30 hours of downtime": "!1:30 hours", "99 hours ago x": "!99 hours ago", "tomorrow 10:00 x": "!tomorrow 10:00",
	} {
		at, note, dated, err := readThen(text, now, time.UTC)
		got := ""
		switch {
		case err != nil:
			said, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "“"), "”")
			got = "!" + said
			if !strings.Contains(err.Error(), "the note is not kept") || !strings.Contains(err.Error(), "in UTC") {
				t.Errorf("%q: %v", text, err)
			}
		case dated:
			got = at.Format("01-02 15:04:05 ") + note
		case note != text:
			got = note
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestI42_ATimeOfTheWallClockIsAskedAbout: what has come where people work and not in UTC would stand a day too early.
func TestI42_ATimeOfTheWallClockIsAskedAbout(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 4, 9, 30, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"10:20 ok": "10:20 UTC has not come yet today; in Europe/Madrid it was 09:20 UTC.", "10:20:30 ok": "Write 09:20, or yesterday 10:20.",
		"10:20 UTC ok": "", "yesterday 10:20 ok": "", "2026-12-03 10:20 ok": "", "10:40 ok": "", "22:00 ok": "", "09:20 ok": "",
	} {
		_, _, _, err := readThen(text, now, madrid)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, _, _, err := readThen("10:20 ok", now, nil); err != nil {
		t.Error(err)
	}
}
