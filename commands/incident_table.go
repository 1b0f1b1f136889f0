package commands

import "github.com/drbot/drbot/incident"

// incidentVerbs lists the verbs of `/incident` in the order of an incident's life.
func incidentVerbs() []Verb {
	const group = "incident"
	list := []Verb{
		{Name: "open", May: incident.Everyone, Scope: Anywhere, Grammar: "[drill] [sev2] [private] [<type>:] <title>", Example: "open Database corruption: users db is gone", Does: "Opens an incident at once and asks nothing.", do: openIncident},
		{Name: "list", May: incident.Everyone, Scope: Anywhere, Reads: true, Example: "list", Does: "Shows open incidents, worst first.", do: listIncidents},
		{Name: "show", May: incident.Everyone, Scope: OfIncident, Reads: true, Grammar: "[N]", Example: "show 42", Does: "Shows the card as it is now.", do: showIncident},
		{Name: "ack", May: incident.Responder, Scope: OfIncident, Grammar: "[N]", Example: "ack", Does: "Says that you are on it; the first one commands.", Deed: "acknowledge", do: ackIncident},
		{Name: "severity", May: incident.Responder, Scope: OfIncident, Grammar: "<1-4> [reason]", Example: "severity 1 all logins fail", Does: "Raises the severity at once; lowering it asks for a reason.", Deed: "change the severity", do: setSeverity},
		{Name: "type", May: incident.Responder, Scope: OfIncident, Grammar: "<type>", Example: "type Database corruption", Does: "Chooses the type, and with it severity and objectives.", Deed: "choose the type", do: setType},
		{Name: "status", May: incident.Responder, Scope: OfIncident, Grammar: "investigating|identified|monitoring", Example: "status identified", Does: "Says how far the work is.", Deed: "set the status", do: setStatus},
		{Name: "impact", May: incident.Responder, Scope: OfIncident, Grammar: "<text>", Example: "impact nobody can log in", Does: "Says what users notice.", Deed: "describe the impact", do: setImpact},
		{Name: "services", May: incident.Responder, Scope: OfIncident, Grammar: "<name …>", Example: "services postgres", Does: "Names what is affected, and takes its objectives.", Deed: "name services", do: setServices},
		{Name: "role", May: incident.Responder, Scope: OfIncident, Grammar: "commander|scribe|communications|operations @who", Example: "role scribe @Bea", Does: "Gives a part to a person.", Deed: "give roles", do: setRole},
		{Name: "note", May: incident.Everyone, Scope: OfIncident, Grammar: "[[yesterday|2026-11-24] 15:04] <text>", Example: "note 15:04 switch in rack 2 rebooted", Does: "Adds a line to the timeline; the channel hears nothing.", do: addNote},
		{Name: "timeline", May: incident.Everyone, Scope: OfIncident, Reads: true, Grammar: "[page]", Example: "timeline 2", Does: "Shows what happened, a page at a time, the newest page first.", do: showTimeline},
		{Name: "checklist", May: incident.Responder, Scope: OfIncident, Grammar: "[c8 done [anyway: <reason>]|reopen|na <reason>|due 15:30|@who [due 20m]]", Example: "checklist c8 na nothing was mailed", Does: "Ticks an item, takes a tick back, excuses it, gives it to a person or promises it by a time.", Deed: "tick the checklist", do: tickChecklist},
		{Name: "update", May: incident.Responder, Scope: OfIncident, Grammar: "[<text>] [--to mail,status] [--public <text>] [next 30m]", Example: "update Restoring from the 02:00 backup next 30m", Does: "Sends an update, to responders and announcement where no --to is, and promises the next one.", Deed: "send updates", do: sendUpdate},
		{Name: "snooze", May: incident.Responder, Scope: OfIncident, Grammar: "[executives] [15m]", Example: "snooze 15m", Does: "Moves the next update.", Deed: "move updates", do: snoozeUpdate},
		{Name: "requeue", May: incident.Admin, Scope: OfIncident, Grammar: "[id]", Example: "requeue 118", Does: "Lists parked deliveries with why, or sends one again.", Deed: "requeue deliveries", do: requeueDelivery},
		{Name: "resolve", May: incident.Responder, Scope: OfIncident, Grammar: "[<summary>] [anyway: <reason>] | false-alarm <reason>", Example: "resolve logins work again", Does: "Ends the work; says first what is still open.", Deed: "resolve", do: resolveIncident},
		{Name: "reopen", May: incident.Responder, Scope: OfIncident, Grammar: "<reason>", Example: "reopen logins fail again", Does: "Goes on with it; clocks count from the first opening.", Deed: "reopen", do: reopenIncident},
		{Name: "help", May: incident.Everyone, Scope: Anywhere, Reads: true, Grammar: "[verb]", Example: "help severity", Does: "Shows the grammar, one example each.", do: help},

		{Name: "start", May: incident.Everyone, Scope: Anywhere, Does: "Shows the form, or what can be done here.", Hidden: true, do: bare},
		{Name: "what", May: incident.Everyone, Scope: Anywhere, Does: "Answers a line without a verb.", Hidden: true, do: unknownVerb},
		{Name: "items", May: incident.Everyone, Scope: OfIncident, Reads: true, Does: "Shows the whole checklist.", Hidden: true, do: allItems},
		{Name: "send", May: incident.Responder, Scope: OfIncident, Does: "Sends the drafted update.", Deed: "send updates", Hidden: true, do: sendDraft},
		{Name: "pin", May: incident.Everyone, Scope: OfIncident, Does: "Keeps a message on the timeline.", Hidden: true, do: pin},
		{Name: "unpin", May: incident.Everyone, Scope: OfIncident, Does: "Takes a message off the timeline.", Hidden: true, do: unpin},
	}
	for k := range list {
		list[k].Group = group
	}
	return list
}
