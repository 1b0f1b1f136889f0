package people

// PagerDuty finds a person by the id of their PagerDuty user.
func (t *Table) PagerDuty(id string) (Entry, bool) { return t.find("pagerduty:" + id) }
