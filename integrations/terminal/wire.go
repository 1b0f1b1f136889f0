// Package terminal is the door of people at a shell: a Unix socket that answers the program's own subcommands.
//
// The server knows its peer by the kernel's word (SO_PEERCRED) or by a signature of the person's SSH key; a shared
// account, root, drbot's own account and the account of steps prove nobody. Whoever reaches the socket may read;
// everything else is a Command like one from the chat, with a request id of the client as its delivery key, so that a
// repeated request after a lost answer is answered again and not carried out again.
package terminal

import "encoding/json"

// Version of the protocol; client and server of two releases must agree on it.
const Version = 1

// columnsHeader says how wide the client's terminal is; without it nothing is folded. It changes no decision, so it is
// no part of what a proof signs.
const columnsHeader = "Drbot-Columns"

// hello is what the server says of itself.
type hello struct {
	Version int    `json:"version"`
	Release string `json:"release"`
	Data    string `json:"data"` // absolute data directory
	PID     int    `json:"pid"`
}

// Request is one line typed at a shell.
type Request struct {
	ID     string              `json:"id"`              // delivery key, new for each line that is typed
	Group  string              `json:"group,omitempty"` // incident | recover | runbook: Text is read as a typed line
	Verb   string              `json:"verb,omitempty"`  // or the verb itself, with its Object
	Object string              `json:"object,omitempty"`
	Text   string              `json:"text,omitempty"`
	Fields map[string][]string `json:"fields,omitempty"`
	Proof  *Proof              `json:"proof,omitempty"`
}

// Proof is a signature by an SSH key over the server's nonce and the request.
type Proof struct {
	Nonce     string `json:"nonce"`
	PublicKey string `json:"public_key"` // authorized_keys form
	Format    string `json:"format"`
	Blob      []byte `json:"blob"`
}

// Answer is what came of it.
type Answer struct {
	Text   string            `json:"text"`
	Kind   string            `json:"kind,omitempty"` // empty: done
	ID     uint64            `json:"id,omitempty"`
	Seq    uint64            `json:"seq,omitempty"`
	Errors map[string]string `json:"errors,omitempty"`
	Data   json.RawMessage   `json:"data,omitempty"`
	Output string            `json:"output,omitempty"` // a ticket for all that a step printed
	As     string            `json:"as,omitempty"`     // who the server took the sender for
}
