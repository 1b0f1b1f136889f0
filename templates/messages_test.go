package templates

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

var outletNames = map[incident.Audience]string{
	incident.AudienceMail: "list@example.com", incident.AudienceExecutives: "boss@example.com, cto@example.com", incident.AudienceStatus: "https://status.example.com",
}

// sentTo is an update to everybody, as it is recorded.
func sentTo(i *incident.Incident, text, public string) incident.UpdateSent {
	e := incident.UpdateSent{
		By: eva, Number: 2, Text: text, Next: "Compare with the manifest\nStart the service", Due: at("04:00"), ExecutivesDue: at("05:00"), Status: incident.Identified, To: incident.Audiences, Public: public,
	}
	values := Known(i, Facts{Now: at("03:30")})
	values.Set("update_message", text)
	f, _ := Fill(BuiltIn(Progress), values)
	e.Subject, e.Outward = f.Subject, f.Body
	e.Opening = FillKnown(BuiltIn(Initial), values).Body
	return e
}

func draftedFrom(e incident.UpdateSent) incident.UpdateDrafted {
	return incident.UpdateDrafted{
		Draft: 3, Number: e.Number, Version: 1, By: e.By, To: []incident.Audience{incident.AudienceExecutives, incident.AudienceMail, incident.AudienceStatus},
		Text: e.Text, Next: e.Next, Subject: e.Subject, Outward: e.Outward, Opening: e.Opening, Public: e.Public, Status: e.Status, Asked: []incident.Person{bea},
	}
}

// previewed is what a form shows above its fields.
func previewed(i *incident.Incident, events ...incident.Event) Message {
	return Message{Text: "form", Blocks: Preview(i, events, outletNames)}
}

func messageCards(add func(string, Message)) {
	i := restoring().Incident
	e := sentTo(i, "Restoring the users database.\nLogins stay off.", "Logins fail. We are working on it.")
	inside := e
	inside.To, inside.Public, inside.ExecutivesDue = []incident.Audience{incident.AudienceResponders, incident.AudienceAnnouncement}, "", time.Time{}
	d := draftedFrom(e)
	add("messages/preview", previewed(i, e))
	add("messages/previewlater", previewed(i, inside, d))
	theirs := e
	theirs.Executives = &incident.Apart{Outward: "**Status:** Identified\nNext update by 05:00."}
	add("messages/previewapart", previewed(i, theirs))
	secret := i.Clone()
	secret.Restricted = true
	add("messages/previewrestricted", previewed(secret, inside))
	ended := resolved().Incident
	f, _ := Fill(BuiltIn(Resolved), endValues(ended))
	add("messages/previewend", previewed(ended, incident.Resolved{
		By: ana, Summary: ended.Summary, RootCause: "under review", To: incident.Audiences, Public: "Logins work again.", Subject: f.Subject, Outward: f.Body,
	}))
	look := func(s *story) Message { return SecondLook(s.Incident, s.Outgone(3), outletNames) }
	add("messages/look", look(restoring().say("03:30", d)))
	add("messages/lookpassed", look(restoring().say("03:30", d).say("03:32", incident.UpdateReviewed{Draft: 3, By: bea, Accepted: true})))
	add("messages/lookback", look(restoring().say("03:30", d).say("03:32", incident.UpdateReviewed{Draft: 3, By: bea, Why: "name no customer"})))
	back := restoring().say("03:30", d).say("03:32", incident.UpdateReviewed{Draft: 3, By: bea, Why: "name no customer"})
	waits := restoring().say("03:30", d)
	add("messages/lookdue", LookDue(waits.Incident, waits.Outgone(3), 0))
	add("messages/lookduedown", LookDue(waits.Incident, waits.Outgone(3), 40*time.Minute))
	add("messages/lookduesentback", LookDue(back.Incident, back.Outgone(3), 0))
	add("messages/sentback", SentBack(back.Incident, back.Outgone(3)))
	gone := restoring().say("03:30", d).say("03:32", incident.Resolved{By: ana, Summary: "restored"})
	add("messages/lookended", look(gone))
	end := d
	end.Number, end.Status, end.Version = 0, incident.Over, 1
	over := func() *story { return resolved().say("03:50", end) }
	add("messages/lookreopened", look(over().say("03:51", incident.Reopened{By: bea, Reason: "logins fail again"})))
	refused := over().say("03:51", incident.UpdateReviewed{Draft: 3, By: bea, Why: "name no customer"})
	add("messages/sentbackend", SentBack(refused.Incident, refused.Outgone(3)))
	only := d
	only.Only = true
	add("messages/lookonly", look(restoring().say("03:30", only)))
	again := resolved().say("03:50", incident.Reopened{By: bea, Reason: "logins fail again", Policy: incident.Policy{UpdateEvery: 15 * time.Minute, UpdateDue: at("04:05")}}).Incident
	add("messages/goeson", GoesOn(again, *again.Again, Drafted{}))
	mailed := resolved()
	mailed.Messages = []incident.Sent{{To: []incident.Audience{incident.AudienceMail, incident.AudienceExecutives}}}
	misled := mailed.say("03:50", incident.Reopened{By: bea, Reason: "logins fail again", Policy: incident.Policy{UpdateEvery: 15 * time.Minute, UpdateDue: at("04:05")}}).Incident
	text := Drafted{Text: "It is not over, and open again: logins fail again.", ID: "0123456789ab"}
	add("messages/goesonmisled", GoesOn(misled, *misled.Again, text))
	add("messages/owedmisled", Missing(misled, Overdue{Due: at("04:05")}))
	window := func(hour string) incident.WindowSet {
		return incident.WindowSet{By: ana, From: at(hour), Until: at(hour).Add(time.Hour)}
	}
	told := func() *story {
		return opening().say("03:00", incident.WindowSet{By: ana}, window("05:00"), incident.UpdateSent{By: ana, Number: 1, To: []incident.Audience{incident.AudienceMail}, Text: "Tonight."}, d)
	}
	shifted := told().say("03:10", window("06:00")).Incident
	add("messages/windowmoved", WindowMoved(shifted, *shifted.Moved, text))
	add("messages/windowmovedlook", look(told().say("03:10", window("06:00"))))
	add("messages/windowmovedlate", Missing(shifted, Overdue{Due: at("03:25")}))
	add("messages/windowmovedtold", WindowMovedTold(shifted, *shifted.Moved))
	add("messages/windowmovedover", WindowMoved(shifted, incident.Moved{At: at("03:05")}, text))
	add("messages/windowmovedtoldover", WindowMovedTold(shifted, incident.Moved{At: at("03:05")}))
	misled.Updates++
	add("messages/goesontold", GoesOn(misled, *misled.Again, text))
	add("messages/notover", NotOver(again, at("03:50")))
	blank := restoring().say("03:30", d)
	blank.Outgone(3).Blank = true
	add("messages/lookblank", look(blank))
	newer := d
	newer.Draft, newer.Number = 4, 3
	add("messages/lookreplaced", look(restoring().say("03:30", d).say("03:40", newer)))
	add("messages/lookend", look(restoring().say("03:30", end)))
	edit := d
	edit.Version, edit.Opening, edit.Asked = 2, "", nil
	add("messages/lookedit", look(restoring().say("03:30", edit)))
	add("messages/cardwaits", Card(restoring().say("03:30", d).Incident, Facts{}))
	edited := incident.UpdateEdited{Number: 2, Version: 2, By: ana, Text: "Restoring from the 01:00 backup.", Next: "Compare", Outward: "**Update:** from the 01:00 backup"}
	add("messages/edited", Edited(i, edited, at("15:04")))
	newest := i.Clone()
	newest.Updates, newest.UpdateDue, newest.ExecutivesDue, newest.Messages = 2, at("04:00"), at("05:00"), []incident.Sent{{Number: 2, Version: 1, To: incident.Audiences}}
	add("messages/editednewest", Edited(newest, edited, at("15:04")))
	add("messages/editedoutward", EditedOutward(i, edited, at("15:04")))
	executiveCards(add)
	owedCards(add)
	windowCards(add)
}

func executiveCards(add func(string, Message)) {
	i := restoring().Incident
	i.ExecutivesEvery, i.ExecutivesDue = time.Hour, at("04:00")
	draft := Drafted{Text: "Restoring the users database; logins stay off.", ID: "0123456789ab"}
	p := Promised{Executives: true, Due: i.ExecutivesDue}
	add("messages/executives", Reminder(i, p, draft))
	mailed := i.Clone()
	mailed.UpdateEvery, mailed.UpdateDue, mailed.Messages = 15*time.Minute, at("04:00"), []incident.Sent{{Number: 1, Version: 1, To: incident.Audiences}}
	mailed.Owed = []incident.Debt{{To: incident.AudienceMail, Due: at("04:00"), Update: 1}}
	add("messages/remindermailed", Reminder(mailed, Promised{Number: mailed.Updates + 1, Due: at("04:00")}, draft))
	missed := i.Clone()
	missed.Apply(incident.Stamp{Time: at("04:00")}, incident.DeadlineSpoken{Key: incident.DueExecutives + "/late/" + strings.TrimPrefix(keyOf(missed, incident.DueExecutives+"/late/"), incident.DueExecutives+"/late/"), Due: at("04:00")})
	late := p
	late.Missed = true
	add("messages/executiveslate", Reminder(missed, late, draft))
	late.Late = 40 * time.Minute
	add("messages/executivesdown", Reminder(missed, late, draft))
	over := missed.Clone()
	over.ExecutivesDue = at("05:00")
	add("messages/executivesover", Reminder(over, late, draft))
	over.ExecutivesEvery, over.ExecutivesDue = 0, time.Time{}
	add("messages/executivesnone", Reminder(over, p, draft))
}

// keyOf is the key of a promise that stands.
func keyOf(i *incident.Incident, prefix string) string {
	for _, d := range i.Deadlines() {
		if strings.HasPrefix(d.Key, prefix) {
			return d.Key
		}
	}
	return ""
}

// TestMails are the mails, as they are sent.
func TestMails(t *testing.T) {
	i := restoring().Incident
	e := sentTo(i, "Restoring the users database.\nLogins stay off.", "")
	show := func(l Letter) string { return "Subject: " + l.Subject + "\n\n" + l.Text }
	golden(t, "mail/first.txt", show(Mailed(i, e, at("03:30"))))
	e.Opening = ""
	golden(t, "mail/update.txt", show(Mailed(i, e, at("03:30"))))
	drill := i.Clone()
	drill.Drill = true
	golden(t, "mail/drill.txt", show(Mailed(drill, e, at("03:30"))))
	e.Subject = ""
	golden(t, "mail/nosubject.txt", show(Mailed(i, e, at("03:30"))))
	golden(t, "mail/edit.txt", show(MailedEdit(drill, incident.UpdateEdited{By: ana, Number: 2, Version: 2, Subject: "DRILL · Outage", Outward: "From the 01:00 backup."}, at("03:40"))))
	ended := resolved().Incident
	f, missing := Fill(BuiltIn(Resolved), endValues(ended))
	if len(missing) > 0 {
		t.Fatal(missing)
	}
	golden(t, "mail/resolution.txt", show(MailedEnd(ended, incident.Resolved{By: ana, Subject: f.Subject, Outward: f.Body}, at("04:00"))))
}

func endValues(i *incident.Incident) Values {
	v := Known(i, Facts{})
	v.Set("root_cause", "under review")
	v.Set("data_impact", DataImpact(nil), "57 min of writes")
	return v
}

// TestI41_WhatPeopleWriteIsTextInEveryMessage: mentions, links, back-ticks, right-to-left marks and 40,000 characters stay
// text, and every message keeps Slack's limits.
func TestI41_WhatPeopleWriteIsTextInEveryMessage(t *testing.T) {
	for _, value := range append([]string{strings.Repeat("Wörter und ", 4000), strings.Repeat("x", 40_000), "🔥🔥 שלום \u202eevil"}, hostile...) {
		s := poisoned(value)
		i := s.Incident
		cut := value[:min(len(value), 3000)]
		for !utf8.ValidString(cut) && cut != "" {
			cut = cut[:len(cut)-1]
		}
		e := sentTo(i, cut, cut)
		d := draftedFrom(e)
		s.say("03:30", d)
		if LookSize(d) > MaxLook {
			d.Opening, d.Outward = "", d.Outward[:min(len(d.Outward), 3000)]
		}
		i.Window = &incident.Window{From: at("03:00"), Until: at("04:00")}
		for name, m := range map[string]Message{
			"update": Update(i, e), "edited": Edited(i, incident.UpdateEdited{By: i.OpenedBy, Text: value, Next: value, Number: 2}, at("15:04")),
			"outward": EditedOutward(i, incident.UpdateEdited{By: i.OpenedBy, Outward: value}, at("15:04")), "window": WindowSaid(i, Windowed{"end", at("04:00"), time.Hour}),
			"executives": Reminder(i, Promised{Executives: true, Due: at("04:00")}, Drafted{Text: value}), "look": SecondLook(i, &incident.Outgoing{UpdateDrafted: d, State: incident.LookWaits}, outletNames),
		} {
			if text := Text(m); strings.Contains(text, "(sentence ") || strings.ContainsFunc(text, func(r rune) bool { return hidden(r) && r != '\n' }) {
				t.Errorf("%s with %.40q: %.300q", name, value, text)
			}
			checkLimits(t, m)
			each(m, func(s Span) {
				if s.URL != "" || s.Person != "" && !strings.HasPrefix(s.Person, "U") {
					t.Errorf("%s with %.40q has a link or a mention: %+v", name, value, s)
				}
			})
		}
		for _, l := range []Letter{Mailed(i, e, at("03:30")), MailedEnd(i, incident.Resolved{By: i.OpenedBy, Subject: value, Outward: value}, at("04:00"))} {
			if strings.ContainsAny(l.Subject, "\r\n") || utf8.RuneCountInString(l.Subject) > 220 {
				t.Errorf("a subject of %d characters, or of several lines: %.80q", utf8.RuneCountInString(l.Subject), l.Subject)
			}
		}
	}
}

// TestASecondLookSeesEverything: what waits stands on its card to the last character.
func TestASecondLookSeesEverything(t *testing.T) {
	i := restoring().Incident
	for _, text := range []string{strings.Repeat("y", 2990) + " END", strings.Repeat("a line\n", 400) + "END"} {
		d := draftedFrom(incident.UpdateSent{By: eva, Number: 2, Text: text, Outward: text, Public: text + " PUBLIC", To: incident.Audiences})
		if LookSize(d) > MaxLook {
			t.Fatalf("%d characters", LookSize(d))
		}
		m := SecondLook(i, &incident.Outgoing{UpdateDrafted: d, State: incident.LookWaits}, outletNames)
		checkLimits(t, m)
		all := strings.NewReplacer("\n", "", " ", "").Replace(Text(m))
		for _, want := range []string{strings.NewReplacer("\n", "", " ", "").Replace(text), "ENDPUBLIC"} {
			if !strings.Contains(all, want) {
				t.Errorf("the card lacks the end of a text of %d characters", len(text))
			}
		}
	}
}

// mailAll says what stands in mails, and the parts of other sentences that name audiences.
func mailAll() {
	i := restoring().Incident
	Mailed(i, incident.UpdateSent{By: ana, Text: "Restoring."}, at("03:30"))
	MailedEdit(i, incident.UpdateEdited{By: ana, Number: 2, Version: 2}, at("03:40"))
	Say("audience.names", incident.Audiences)
	Say("words.to", incident.Audiences)
}

// TestTheLongestUpdateIsReadWhole: what is taken is sent, in the channel and in the announcement's words, with the promise
// behind it.
func TestTheLongestUpdateIsReadWhole(t *testing.T) {
	for _, text := range []string{strings.Repeat("слово ", 499) + "конец", strings.Repeat("line a < b && c\n", 187) + "the end"} {
		i := restoring().Incident
		e := sentTo(i, text, "")
		e.Next = strings.Repeat("then this\n", 99) + "and no more"
		for name, m := range map[string]Message{"channel": Update(i, e), "announcement": Outward(i, e.Outward)} {
			checkLimits(t, m)
			said := Text(m)
			if last := strings.Fields(text); strings.Contains(said, "more line") || strings.Count(said, strings.Fields(text)[0]) < strings.Count(text, last[0]) || !strings.Contains(said, last[len(last)-1]) {
				t.Errorf("%s: not whole: …%s", name, said[max(0, len(said)-300):])
			}
			if name == "channel" && (!strings.Contains(said, "and no more") || !strings.Contains(said, "Next update")) {
				t.Errorf("%s: the promise is gone: …%s", name, said[max(0, len(said)-300):])
			}
			if name == "announcement" && !strings.Contains(said, "The next update") {
				t.Errorf("%s: the promise is gone: …%s", name, said[max(0, len(said)-300):])
			}
		}
	}
}
