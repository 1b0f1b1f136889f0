package commands

import (
	"context"

	"github.com/drbot/drbot/incident"
)

// Scope says what a verb is about and where it is decided.
type Scope int

const (
	Anywhere   Scope = iota // no incident
	OfIncident              // the channel's, or one that is named
	InChannel               // runs and approvals: only in the incident's own channel, or at the terminal (I15)
	InHouse                 // locks: only in the configured house channel, or at the terminal (I15)
)

// Verb is one thing that a responder can do. Help, completion, the docs page and the manifest derive from the table.
type Verb struct {
	Group   string // "incident" | "recover" | "runbook"
	Name    string
	May     incident.Right
	Also    incident.Right // another right that suffices
	Scope   Scope
	Grammar string // what follows the name
	Example string
	Does    string // one sentence
	Deed    string // what a refusal says: "Only operators <start runs>."
	Hidden  bool   // only behind buttons
	Reads   bool   // writes nothing: whoever reaches the terminal's socket may
	Decides bool   // lets something run: refused to unknown chat flags, and at a terminal that steps can reach (I9, I57)
	do      func(context.Context, *Office, *call) (Reply, error)
}

// Full is the verb's name in commands and buttons.
func (v Verb) Full() string { return v.Group + " " + v.Name }
