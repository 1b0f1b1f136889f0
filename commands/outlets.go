package commands

import (
	"slices"
	"strings"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/templates"
)

// Outlets are the audiences outside of the chat, as configured, and how a message gets there.
type Outlets struct {
	Open     []incident.Audience // executives, mail and status, where they are configured
	Drills   bool                // drills are mailed too; the status page never has one (I44)
	Second   []incident.Audience // these read a message only after a second look
	SecondBy []string            // keys of who may take it; nobody named: every other responder
	Names    map[incident.Audience]string
	// Components are those of the status page, by which people outside know the services.
	Components []templates.Component
}

// audiences are those that this incident may be told to. Of a restricted one nothing is mailed or announced (I56); the
// status page has its own words, which somebody wrote for it.
func (o *Office) audiences(i *incident.Incident) []incident.Audience {
	out := o.Config().Outlets
	var list []incident.Audience
	for _, a := range incident.Audiences {
		if a.Outside() && !slices.Contains(out.Open, a) {
			continue
		}
		switch a {
		case incident.AudienceAnnouncement:
			if i.Restricted {
				continue
			}
		case incident.AudienceExecutives, incident.AudienceMail:
			if i.Restricted || i.Drill && !out.Drills {
				continue
			}
		case incident.AudienceStatus:
			if i.Drill {
				continue
			}
		}
		list = append(list, a)
	}
	return list
}

// open are those of some audiences that this incident may be told to.
func (o *Office) open(i *incident.Incident, to []incident.Audience) []incident.Audience {
	may := o.audiences(i)
	return slices.DeleteFunc(slices.Clone(to), func(a incident.Audience) bool { return !slices.Contains(may, a) })
}

// reachable refuses audiences that this incident cannot be told to, with why.
func (o *Office) reachable(i *incident.Incident, to []incident.Audience) error {
	may, out := o.audiences(i), o.Config().Outlets
	for _, a := range to {
		switch {
		case slices.Contains(may, a) || a == incident.AudienceAnnouncement: // of a restricted incident that says its number
		case a.Outside() && !slices.Contains(out.Open, a):
			key := "mail"
			if a == incident.AudienceStatus {
				key = "statuspage"
			}
			return incident.Refuse(incident.BadInput, "Nothing is configured for “%s”.", a).Then("Set %s: in drbot.yaml, or leave it out.", key)
		case i.Restricted:
			return incident.Refuse(incident.BadInput, "%s is restricted: nothing of it is mailed.", i.ID)
		case a == incident.AudienceStatus:
			return incident.Refuse(incident.BadInput, "A drill is never on the status page.")
		default:
			return incident.Refuse(incident.BadInput, "Drills are not mailed here.").Then("mail.drills: true in drbot.yaml lets them.")
		}
	}
	return nil
}

// audienceNamed reads what people write for an audience; empty when it is none.
func audienceNamed(word string) incident.Audience {
	switch strings.ToLower(word) {
	case "responders", "channel":
		return incident.AudienceResponders
	case "announcement", "announce", "announcements":
		return incident.AudienceAnnouncement
	case "executives", "execs", "management":
		return incident.AudienceExecutives
	case "mail", "email", "list", "mailing-list":
		return incident.AudienceMail
	case "status", "page", "statuspage", "status-page":
		return incident.AudienceStatus
	}
	return ""
}

// named are audiences as sentences name them.
func named(to []incident.Audience) string {
	var names []string
	for _, a := range to {
		names = append(names, templates.Say("audience.name", map[string]any{"To": string(a)}))
	}
	return strings.Join(names, " and ")
}

// typedAs are audiences as a line names them.
func typedAs(to []incident.Audience) string {
	var names []string
	for _, a := range to {
		names = append(names, string(a))
	}
	return strings.Join(names, ",")
}

// parseAudiences reads "mail,status".
func parseAudiences(text string) ([]incident.Audience, error) {
	var list []incident.Audience
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		a := audienceNamed(word)
		if a == "" {
			return nil, incident.Refuse(incident.BadInput, "%q is no audience.", cut(word, 40)).Then("They are responders, announcement, executives, mail and status.")
		}
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list, nil
}

// maxLookers is how many are called for a second look when nobody is named for it: a call to all is a call to nobody.
const maxLookers = 4

// lookers are who is asked for the second look at somebody's message: those that the configuration names, else who works on
// the incident, communications and command first, else the first of the other responders. Nobody looks at their own. It
// refuses when nobody could.
func (o *Office) lookers(i *incident.Incident, by incident.Person) ([]incident.Person, error) {
	var list []incident.Person
	add := func(p incident.Person) {
		if p.Key != "" && !p.Same(by) && !slices.ContainsFunc(list, p.Same) {
			list = append(list, p)
		}
	}
	table := o.People()
	if named := o.Config().Outlets.SecondBy; len(named) > 0 {
		for _, key := range named {
			if e, ok := table.ByKey(key); ok {
				add(e.Person(""))
			}
		}
		if len(list) == 0 {
			return nil, incident.Refuse(incident.NotAllowed, "messages.by names nobody else who could take the second look.").Then("An admin adds a person to messages.by in drbot.yaml.")
		}
		return list, nil
	}
	for _, p := range []incident.Person{i.Roles[incident.Communications], i.Roles[incident.Commander], i.Roles[incident.Operations], i.Roles[incident.Scribe], i.AckedBy} {
		if table.May(p.Key, incident.Responder) {
			add(p)
		}
	}
	if len(list) > 0 {
		return list[:min(len(list), maxLookers)], nil
	}
	for _, p := range table.With(incident.Responder) {
		add(p)
	}
	if len(list) == 0 {
		return nil, incident.Refuse(incident.NotAllowed, "Nobody else could take the second look that messages.second_look asks for.").Then("An admin adds a responder to drbot.yaml.")
	}
	return list[:min(len(list), maxLookers)], nil
}

// mayLook refuses people that the configuration does not name for the second look.
func (o *Office) mayLook(by incident.Person) error {
	named := o.Config().Outlets.SecondBy
	if len(named) == 0 || slices.Contains(named, by.Key) {
		return nil
	}
	var names []string
	for _, key := range named {
		if e, ok := o.People().ByKey(key); ok {
			names = append(names, e.Name)
		}
	}
	return incident.Refuse(incident.NotAllowed, "The second look is for %s.", strings.Join(names, ", "))
}
