package incident

// An incident that an alert opened may wait until a person says that it is one: accepted it goes on, declined it is
// closed, merged its alerts go on with another incident.

// Accept makes an incident of what waits.
func (i *Incident) Accept(by Person, promise Policy) ([]Event, error) {
	if err := i.waits(); err != nil {
		return nil, err
	}
	return []Event{Accepted{By: by, Policy: promise}}, nil
}

// Decline says that it is none.
func (i *Incident) Decline(by Person, reason string) ([]Event, error) {
	if err := i.waits(); err != nil {
		return nil, err
	}
	reason, err := text("The reason", reason, 500)
	if err != nil {
		return nil, err
	}
	return []Event{Declined{By: by, Reason: reason}}, nil
}

func (i *Incident) waits() error {
	switch {
	case !i.Exists():
		return Refuse(NotFound, "There is no such incident.")
	case i.State != StateTriage:
		return Refuse(WrongState, "%s does not wait to be accepted: it is %s.", i.ID, i.State)
	}
	return nil
}

// MergeInto moves the alerts of this incident to another one and closes it: its own events, and those of the other.
func (i *Incident) MergeInto(other *Incident, by Person) (own, others []Event, err error) {
	if err := i.active(); err != nil {
		return nil, nil, err
	}
	switch {
	case !other.Exists() || other.ID == i.ID:
		return nil, nil, Refuse(BadInput, "Name another incident to merge %s into.", i.ID)
	case !other.Active():
		return nil, nil, Refuse(WrongState, "%s is %s, so nothing is merged into it.", other.ID, other.State)
	case len(i.Alerts) == 0:
		return nil, nil, Refuse(WrongState, "%s has no alert that could go on with %s.", i.ID, other.ID).Then("Resolve it as a false alarm, or link the two in a note.")
	case i.LiveRun() != nil:
		return nil, nil, Refuse(WrongState, "%s has a run that has not ended.", i.ID).Then("Finish or cancel it first.")
	case i.Restricted != other.Restricted:
		return nil, nil, Refuse(NotAllowed, "One of %s and %s is restricted and the other is not.", i.ID, other.ID)
	case i.Drill != other.Drill:
		return nil, nil, Refuse(WrongState, "One of %s and %s is a drill and the other is not.", i.ID, other.ID)
	}
	for k := range i.Alerts {
		a := &i.Alerts[k]
		how := "merged"
		if a.How == AlertPaged {
			how = AlertPaged
		}
		others = append(others, AlertLinked{By: by, Alert: a.ID, How: how, From: i.ID, Facts: a.Facts})
	}
	if other.AckedAt.IsZero() && !i.AckedAt.IsZero() {
		others = append(others, Acknowledged{By: i.AckedBy})
	}
	return []Event{Merged{By: by, Into: other.ID}}, others, nil
}

// Dismissed reports whether it turned out to be none: a false alarm, declined, or part of another incident.
func (i *Incident) Dismissed() bool {
	return i.FalseAlarm || i.MergedInto != 0 || i.Triaged && i.AcceptedBy.Key == "" && !i.Active()
}
