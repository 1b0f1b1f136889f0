package commands

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// tickChecklist works on one item ("c8 done"), on a group of boxes, or shows where the checklist is.
func tickChecklist(ctx context.Context, o *Office, c *call) (Reply, error) {
	item, what := head(c.Text)
	if bareNumber.MatchString(item) && what == "" || strings.EqualFold(item, "page") {
		return allItems(ctx, o, c)
	}
	if c.Object != "" && item == "" && strings.HasPrefix(c.Object, "c") {
		item = c.Object
	}
	_, was := c.Fields["was"]
	_, now := c.Fields["now"]
	switch {
	case was || now:
		return tickBoxes(ctx, o, c)
	case len(c.Fields) > 0:
		item, what = c.Field("item"), whatOfForm(c)
	case item == "" && c.Object != "" && c.Actor.Slack != "":
		return itemForm(ctx, o, c)
	case item == "":
		return allItems(ctx, o, c)
	case what == "" && c.Text != "": // typed; a button has its item as the object
		return oneItem(ctx, o, c, item)
	}
	field, errs := fieldOfForm(c)
	if len(errs) > 0 {
		return Reply{Errors: errs}, nil
	}
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		return o.tick(c, v, i, item, what)
	}, func(i *incident.Incident) string { return itemAnswer(i, item) })
	return c.atField(field, reply, err)
}

// whatOfForm is what the form says, as it would be typed.
func whatOfForm(c *call) string {
	who, reason := c.Field("who"), strings.TrimSpace(c.Field("reason"))
	switch what := c.Field("what"); {
	case what == "anyway":
		return "done anyway: " + reason
	case what == "assign" && reason != "", what == "due" && who != "":
		return who + " due " + reason
	case what == "assign":
		return who
	default:
		return strings.TrimSpace(what + " " + reason)
	}
}

// fieldOfForm is where a refusal of the form stands, and what is missing or would be lost.
func fieldOfForm(c *call) (field string, errs map[string]string) {
	who, reason := c.Field("who"), strings.TrimSpace(c.Field("reason"))
	field = "reason"
	switch what := c.Field("what"); {
	case what == "assign" && who == "": // which would tick it
		return "who", map[string]string{"who": "To whom?"}
	case what == "assign" && reason == "":
		return "who", nil
	case what == "due" && reason == "":
		return field, map[string]string{field: "By when? Like 15:30 or 20m, or none."}
	case len(c.Fields) > 0 && who != "" && what != "assign" && what != "due":
		return field, map[string]string{"who": "Nobody is given it with that: choose “Give to a person”, or leave this empty."}
	}
	return field, nil
}

// tick reads done [anyway: <reason>] | reopen | na <reason> | due 15:30|20m|none | @who [due 15:30].
func (o *Office) tick(c *call, v state.View, i *incident.Incident, item, what string) ([]incident.Event, error) {
	word, rest := head(what)
	switch strings.ToLower(word) {
	case "done", "":
		return tickItem(i, c.person, item, rest)
	case "reopen":
		return i.ReopenItem(c.person, item, cut(incident.Written(rest), 500))
	case "nobody", "none", "unassign":
		if rest == "" {
			return i.AssignItem(c.person, item, incident.Person{})
		}
	case "na", "n/a":
		if rest == "" {
			return nil, incident.Refuse(incident.BadInput, "%s is not applicable: why?", item).Then("Like: checklist %s na nothing was mailed", item)
		}
		return i.CloseItem(c.person, item, "", cut(rest, 500))
	case "due":
		return promise(v.Now(), c.person, i, item, rest)
	}
	name, by, dated := strings.Cut(what, " due ")
	who, err := o.someone(c, name)
	if err != nil {
		return nil, err
	}
	if err := o.mayTick(c, i, who); err != nil {
		return nil, err
	}
	events, err := i.AssignItem(c.person, item, who)
	if err != nil || !dated {
		return events, err
	}
	due, err := promise(v.Now(), c.person, i, item, by)
	return append(events, due...), err
}

// mayTick refuses to give an item to somebody who could not tick it, or who would read of a restricted incident with it.
func (o *Office) mayTick(c *call, i *incident.Incident, who incident.Person) error {
	if !o.People().May(who.Key, incident.Responder) {
		refusal := incident.Refuse(incident.BadInput, "%s is no responder and could not tick it.", who.Name)
		if _, known := o.People().ByKey(who.Key); known {
			return refusal.Then("Give it to a responder, or an admin adds that role to %s in drbot.yaml.", who.Name)
		}
		return refusal.Then("Give it to a responder, or an admin adds to drbot.yaml: `- {name: %s, slack: %s, roles: [responder]}`", who.Name, or(who.Slack, "…"))
	}
	return trusted(c, i, who)
}

// tickItem ticks, or asks the item's address first. rest may say why it counts anyway.
func tickItem(i *incident.Incident, by incident.Person, item, rest string) ([]incident.Event, error) {
	word, anyway := head(rest)
	switch strings.ToLower(strings.TrimSuffix(word, ":")) {
	case "":
	case "anyway":
		if anyway = incident.Written(anyway); anyway == "" {
			return nil, incident.Refuse(incident.BadInput, "%s counts anyway: why?", item).Then("Like: checklist %s done anyway: we checked it by hand", item)
		}
		return i.TickItem(by, item, cut(anyway, 500))
	}
	words := cut(incident.Written(rest), 500)
	if it := i.Item(item); it != nil && it.Bind.Address() && !it.Closed() && i.CanClose(it) == nil {
		if words != "" {
			return nil, incident.Refuse(incident.BadInput, "%s is ticked by what %s answers, so your words would be lost.", it.ID, it.Bind.Named()).
				Then("Leave them out, or say why it counts anyway, like: checklist %s done anyway: we checked it by hand", it.ID)
		}
		return i.AskProbe(by, item)
	}
	events, err := i.TickItem(by, item, "")
	return incident.Saying(events, words), err
}

// promise reads by when an item is to be done.
func promise(now time.Time, by incident.Person, i *incident.Incident, item, word string) ([]incident.Event, error) {
	word = strings.TrimSpace(word)
	if strings.EqualFold(word, "none") {
		return i.SetDue(now, by, item, time.Time{})
	}
	span := word
	if hours.MatchString(word) { // 20 min is 20m
		span = strings.NewReplacer(" ", "", "min", "m").Replace(strings.ToLower(word))
	}
	d, ok := parseWhen(span, now)
	if !ok && hours.MatchString(word) {
		return nil, incident.Refuse(incident.BadInput, "%s is too far ahead: an item of the checklist is due within 24h.", cut(word, 40)).Then("What takes longer is an action item of the review.")
	}
	if !ok {
		return nil, incident.Refuse(incident.BadInput, "By when is %s to be done?", item).Then("Like: checklist %s due 15:30, due 20m, or due none", item)
	}
	return i.SetDue(now, by, item, now.Add(d))
}

// hours is a span as people type it, however long.
var hours = regexp.MustCompile(`^(?i:0*[1-9][0-9]* ?(m|min|h|d|w))$`)

func itemAnswer(i *incident.Incident, id string) string {
	closed, all := i.ItemsDone()
	it := i.Item(id)
	if it == nil {
		return said("ticked", facts{"Closed": closed, "All": all, "Left": ""})
	}
	how := it.How
	if it.Anyway != "" {
		how = it.Anyway
	}
	due := it.Due
	if it.Closed() {
		due = time.Time{}
	}
	probe, no := "", ""
	if !it.Asked.IsZero() && !it.Closed() {
		if probe = it.Bind.Named(); !it.ProbedAt.IsZero() && !it.Passed {
			no = it.Probed
		}
	}
	return said("item", facts{
		"Item": it.ID, "Text": cut(it.Text, 100), "State": it.State, "How": cut(how, 300), "Who": it.Who.Name, "Due": when(due), "Day": templates.OtherDay(due, i.Time),
		"Probe": cut(probe, 100), "No": cut(no, 200), "NoAt": it.ProbedAt, "Closed": closed, "All": all,
	})
}

// tickBoxes takes what is ticked now against what the boxes showed, so that two people ticking at once both win
// (UX rule 7). What someone else did in the meantime is no error.
func tickBoxes(ctx context.Context, o *Office, c *call) (Reply, error) {
	var left []string
	reply, err := o.change(ctx, c, func(v state.View, i *incident.Incident) ([]incident.Event, error) {
		left = nil
		work := i.Clone()
		var events []incident.Event
		for _, id := range changedBoxes(c.Fields["was"], c.Fields["now"]) {
			it := work.Item(id)
			wanted := slices.Contains(c.Fields["now"], id)
			if it == nil || it.Closed() == wanted {
				continue
			}
			var more []incident.Event
			var err error
			if wanted {
				more, err = tickItem(work, c.person, id, "")
			} else {
				more, err = work.ReopenItem(c.person, id, "")
			}
			if err != nil {
				left = append(left, err.Error())
				continue
			}
			for _, e := range more {
				work.Apply(incident.Stamp{Seq: work.Seq, N: work.N + 1, Time: v.Now()}, e)
			}
			events = append(events, more...)
		}
		if len(events) == 0 && len(left) > 0 {
			return nil, incident.Refuse(incident.WrongState, "%s", strings.Join(left, " "))
		}
		return events, nil
	}, func(i *incident.Incident) string {
		closed, all := i.ItemsDone()
		return said("ticked", facts{"Closed": closed, "All": all, "Left": strings.Join(left, " ")})
	})
	return reply, err
}

// changedBoxes is what differs between the two, in the order in which it was shown or ticked.
func changedBoxes(was, now []string) []string {
	var ids []string
	for _, id := range now {
		if !slices.Contains(was, id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range was {
		if !slices.Contains(now, id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// allItems answers the presser alone with every item, a page at a time, and where the checklist's message is.
func allItems(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if len(i.Checklist) == 0 {
		return Reply{}, noChecklist(i)
	}
	page := pageOf(c.Object)
	if c.Text != "" {
		word, rest := head(c.Text)
		if strings.EqualFold(word, "page") && rest != "" {
			word, rest = head(rest)
		}
		if page = pageOf("/" + word); page == 0 || rest != "" {
			return Reply{}, incident.Refuse(incident.BadInput, "%q is no page.", cut(c.Text, 40)).Then("Like: checklist page 2")
		}
	}
	m := templates.ItemsPage(i, page)
	m.Blocks = append(m.Blocks, templates.Note{Spans: []templates.Span{templates.Ref("checklist", "The checklist's message")}})
	return Reply{Say: m, ID: i.ID, Seq: i.Seq, Data: Show(i).Checklist}, nil
}

// oneItem answers who typed an item alone with what stands of it; to look at it is not to tick it.
func oneItem(ctx context.Context, o *Office, c *call, id string) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if len(i.Checklist) == 0 {
		return Reply{}, noChecklist(i)
	}
	it := i.Item(id)
	if it == nil {
		return Reply{}, incident.Refuse(incident.NotFound, "The checklist has no item %q.", cut(id, 40)).Then("The items run from c1 to c%d.", len(i.Checklist))
	}
	return Reply{Say: templates.OneItem(i, it), ID: i.ID, Seq: i.Seq, Data: showItem(i, it)}, nil
}

// pageOf is the page in an object like "42/3"; 0 when it names none.
func pageOf(object string) int {
	_, page, _ := strings.Cut(object, "/")
	n, err := strconv.Atoi(page)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func noChecklist(i *incident.Incident) error {
	return incident.Refuse(incident.WrongState, "%s has no checklist: its runbook has none.", i.ID)
}

// maxItemOptions is how many options a menu takes at Slack.
const maxItemOptions = 100

// itemForm is behind the checklist's button for what no box can say. Of a list that is longer than a menu it has the
// first open ones; the others are typed.
func itemForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if len(i.Checklist) == 0 {
		return Reply{}, noChecklist(i)
	}
	if c.Channel != i.Channel.ID { // named elsewhere: the button stands in its own channel
		return allItems(ctx, o, c)
	}
	var items []templates.Option
	for k := range i.Checklist {
		if it := &i.Checklist[k]; len(i.Checklist) <= maxItemOptions || !it.Closed() && len(items) < maxItemOptions {
			items = append(items, templates.Option{Value: it.ID, Label: cut(it.ID+" "+it.Text, 70), Group: cut(it.Phase, 70)})
		}
	}
	if len(items) == 0 {
		for _, it := range i.Checklist[:maxItemOptions] {
			items = append(items, templates.Option{Value: it.ID, Label: cut(it.ID+" "+it.Text, 70), Group: cut(it.Phase, 70)})
		}
	}
	return c.form(o, templates.Form{Verb: "incident checklist", Object: objectOf(i), Title: "Checklist item", Submit: "Set", Fields: []templates.Field{
		{ID: "item", Label: "Item", Kind: templates.FieldSelect, Options: items},
		{ID: "what", Label: "What", Kind: templates.FieldSelect, Value: "done", Options: []templates.Option{
			{Value: "done", Label: "Done"}, {Value: "anyway", Label: "Done, though the record does not show it"}, {Value: "na", Label: "Not applicable"},
			{Value: "reopen", Label: "Open again"}, {Value: "assign", Label: "Give to a person"}, {Value: "due", Label: "To be done by"},
		}},
		{ID: "reason", Label: "Why, or by when", Kind: templates.FieldText, Optional: true, Max: 300, Hint: "15:30 UTC or 20m for a time; a reason for what does not apply or counts anyway."},
		{ID: "who", Label: "Person", Kind: templates.FieldPerson, Optional: true},
	}}, "The item is missing.")
}
