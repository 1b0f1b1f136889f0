package incident

// AskProbe asks for the address of an item's probe.
func (i *Incident) AskProbe(by Person, id string) ([]Event, error) {
	it, err := i.item(id)
	switch {
	case err != nil:
		return nil, err
	case !it.Bind.Address():
		return nil, Refuse(WrongState, "%s has no address to ask.", it.ID)
	case it.Closed():
		return nil, Refuse(WrongState, "%s is closed already, by %s.", it.ID, it.By.Name)
	}
	return []Event{ProbeAsked{By: by, Item: it.ID}}, nil
}

// ToProbe lists the items whose address is worth asking because a run ended well.
func (i *Incident) ToProbe(events []Event) []Event {
	var asked []Event
	for _, e := range events {
		if end, ok := e.(RunEnded); !ok || end.How != EndDone {
			continue
		}
		for k := range i.Checklist {
			if it := &i.Checklist[k]; it.Bind.Address() && !it.Closed() {
				asked = append(asked, ProbeAsked{By: Bot, Item: it.ID})
			}
		}
		break
	}
	return asked
}
