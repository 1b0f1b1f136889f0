package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// tickChecklist works on one item ("c8 done"), on a group of boxes, or shows where the checklist is.
func tickChecklist(ctx context.Context, o *Office, c *call) (Reply, error) {
	item, what := head(c.Text)
	if c.Object != "" && item == "" && strings.HasPrefix(c.Object, "c") {
		item = c.Object
	}
	_, was := c.Fields["was"]
	_, now := c.Fields["now"]
	switch {
	case was || now:
		return tickBoxes(ctx, o, c)
	case len(c.Fields) > 0:
		item, what = c.Field("item"), strings.TrimSpace(c.Field("what")+" "+c.Field("reason"))
		if c.Field("what") == "assign" {
			what = c.Field("who")
		}
	case item == "" && c.Object != "" && c.Actor.Slack != "":
		return itemForm(ctx, o, c)
	case item == "":
		return allItems(ctx, o, c)
	}
	reply, err := o.change(ctx, c, func(_ state.View, i *incident.Incident) ([]incident.Event, error) {
		return o.tick(c, i, item, what)
	}, func(i *incident.Incident) string { return itemAnswer(i, item) })
	return c.atField("reason", reply, err)
}

// tick reads done | reopen | na <reason> | @who.
func (o *Office) tick(c *call, i *incident.Incident, item, what string) ([]incident.Event, error) {
	word, rest := head(what)
	switch strings.ToLower(word) {
	case "done", "":
		return i.CloseItem(c.person, item, "", "")
	case "reopen":
		return i.ReopenItem(c.person, item)
	case "na", "n/a":
		if rest == "" {
			return nil, incident.Refuse(incident.BadInput, "%s is not applicable: why?", item).Then("Like: checklist %s na nothing was mailed", item)
		}
		return i.CloseItem(c.person, item, "", cut(rest, 500))
	}
	who, err := o.someone(c, what)
	if err != nil {
		return nil, err
	}
	return i.AssignItem(c.person, item, who)
}

func itemAnswer(i *incident.Incident, id string) string {
	closed, all := i.ItemsDone()
	it := i.Item(id)
	if it == nil {
		return said("ticked", facts{"Closed": closed, "All": all, "Left": ""})
	}
	return said("item", facts{
		"Item": it.ID, "Text": cut(it.Text, 100), "State": it.State, "How": cut(it.How, 300), "Who": it.Who.Name, "Closed": closed, "All": all,
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
				more, err = work.CloseItem(c.person, id, "", "")
			} else {
				more, err = work.ReopenItem(c.person, id)
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

// allItems answers the presser alone with every item, and where the checklist's message is.
func allItems(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if len(i.Checklist) == 0 {
		return Reply{}, noChecklist(i)
	}
	m := templates.AllItems(i)
	m.Blocks = append(m.Blocks, templates.Note{Spans: []templates.Span{templates.Ref("checklist", "The checklist's message")}})
	return Reply{Say: m, ID: i.ID, Seq: i.Seq, Data: Show(i).Checklist}, nil
}

func noChecklist(i *incident.Incident) error {
	return incident.Refuse(incident.WrongState, "%s has no checklist: its runbook has none.", i.ID)
}

// itemForm is behind the checklist's button for what no box can say.
func itemForm(ctx context.Context, o *Office, c *call) (Reply, error) {
	i, err := o.look(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	var items []templates.Option
	for _, it := range i.Checklist {
		items = append(items, templates.Option{Value: it.ID, Label: cut(it.ID+" "+it.Text, 70), Group: cut(it.Phase, 70)})
	}
	if len(items) == 0 {
		return Reply{}, noChecklist(i)
	}
	return c.form(o, templates.Form{Verb: "incident checklist", Object: objectOf(i), Title: "Checklist item", Submit: "Set", Fields: []templates.Field{
		{ID: "item", Label: "Item", Kind: templates.FieldSelect, Options: items},
		{ID: "what", Label: "What", Kind: templates.FieldSelect, Value: "done", Options: []templates.Option{
			{Value: "done", Label: "Done"}, {Value: "na", Label: "Not applicable"}, {Value: "reopen", Label: "Open again"}, {Value: "assign", Label: "Give to a person"},
		}},
		{ID: "reason", Label: "Why it does not apply", Kind: templates.FieldText, Optional: true, Max: 300},
		{ID: "who", Label: "Person", Kind: templates.FieldPerson, Optional: true},
	}}, "The item is missing.")
}
