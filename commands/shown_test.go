package commands_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
)

// What the approver saw stands in the record: a text that had never run stays one in A1, and the request after a failure
// counts the first attempt. A record of an earlier version has none of it and folds all the same.
func TestI43_WhatTheApproverSawIsFrozen(t *testing.T) {
	r := recovery(t).rig()
	a1 := r.toApproval()
	saw := r.fold().Approvals[len(r.fold().Approvals)-1].Shown
	want := &incident.Shown{
		Title: "Restore", Undo: &incident.Back{Number: "1.4u", Title: "Move the old files back"}, Before: &incident.Before{}, Locks: "db1",
		Loses: &incident.Loses{Taken: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC), Until: r.fold().OpenedAt, Opened: true, RPO: r.fold().RPO.Limit},
	}
	if !reflect.DeepEqual(saw, want) {
		got, _ := json.Marshal(saw)
		t.Fatalf("frozen: %s", got)
	}
	digest := r.fold().Approvals[len(r.fold().Approvals)-1].Digest
	r.must(r.press(bea, "recover approve", a1))
	r.answer()
	r.ended(incident.Failed, nil)
	r.must(r.press(ana, "recover retry", r.run().Name()+"/"+r.next().ID))
	r.answer()
	list := r.fold().Approvals
	first, again := list[len(list)-2], list[len(list)-1]
	if !reflect.DeepEqual(first.Shown, want) {
		t.Errorf("what A1 showed was rewritten: %+v", first.Shown)
	}
	if b := again.Shown.Before; b == nil || b.Times != 1 || b.Outcome != incident.Failed {
		t.Errorf("the second request counts %+v", b)
	}
	if again.Digest != digest {
		t.Error("the digest covers what is only shown")
	}
	if err := r.refolded(r.id); err != nil {
		t.Error(err)
	}
	old, err := incident.Decode("ApprovalAsked", []byte(`{"approval":1,"run":1,"step":"p1.s4","need":1}`))
	if err != nil || old.(incident.ApprovalAsked).Shown != nil {
		t.Errorf("an old record: %+v, %v", old, err)
	}
}

// What is lost is an instant: a card stands for minutes, and "now" would be another one.
func TestTheExamplesSayUntilWhenTheyLose(t *testing.T) {
	locks, err := filepath.Glob("../examples/*/*.lock.yaml")
	if err != nil || len(locks) < 3 {
		t.Fatalf("%v, %v", locks, err)
	}
	for _, name := range locks {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "until now") || strings.Contains(string(text), "just now") {
			t.Errorf("%s says “now”", name)
		}
	}
}
