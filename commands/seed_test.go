package commands_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/drbot/drbot/runbook"
)

// TestOpen_OnTheSourceRunbook opens one incident of each type of the source document, which is not in this repository.
func TestOpen_OnTheSourceRunbook(t *testing.T) {
	src, err := os.ReadFile("../../shared/seed/DISASTER_RECOVERY.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the source runbook is not beside this checkout (../shared/seed)")
	}
	if err != nil {
		t.Fatal(err)
	}
	o := opened(t)
	if o.book, err = runbook.Parse(src, nil); err != nil {
		t.Fatal(err)
	}
	restricted := 0
	for _, kind := range o.book.IncidentTypes {
		reply := o.typed(eva, "CTALK", "/incident open "+strings.ToLower(kind.Name)+": x")
		i := o.read(reply.ID)
		if i.Type != kind.Name || i.Severity != kind.Severity {
			t.Errorf("%s: %s SEV-%d, want SEV-%d", kind.Name, i.Type, i.Severity, kind.Severity)
		}
		if i.Restricted {
			restricted++
		}
		ordered := 0
		for _, it := range i.Checklist {
			if it.Order {
				ordered++
			}
		}
		if len(i.Checklist) != 23 || ordered != 4 || i.RTO.Limit == 0 || i.RPO.Limit == 0 {
			t.Errorf("%s: %d items, %d in order, RTO %v, RPO %v", kind.Name, len(i.Checklist), ordered, i.RTO, i.RPO)
		}
	}
	if restricted == 0 || restricted == len(o.book.IncidentTypes) {
		t.Errorf("%d of %d types are restricted", restricted, len(o.book.IncidentTypes))
	}
}
