package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

// A lock may be accepted without a press: an approver signs it with `ssh-keygen -Y sign -n drbot-lock`, and the signature is
// committed beside it like code. Who signs for whom stands in the allowed signers that the configuration names.

// signature is what stands beside a lock.
type signature struct {
	path      string
	bytes     []byte
	principal string // of a valid one: whom the allowed signers name
	problem   error  // why it counts for nothing
}

// signaturePath is where ssh-keygen writes it.
func signaturePath(runbookPath string) string { return runbook.LockPath(runbookPath) + ".sig" }

// readSignature gives the signature beside a lock, valid or not; nil where there is none.
func (c *config) readSignature(path string, lock []byte) *signature {
	s := &signature{path: signaturePath(path)}
	var err error
	if s.bytes, err = os.ReadFile(s.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.problem = err
		return s
	}
	if c.Signers == "" {
		s.problem = errors.New("signers: is not set, so nobody is trusted to sign")
		return s
	}
	signers, err := os.ReadFile(c.Signers)
	if err != nil {
		s.problem = fmt.Errorf("allowed signers: %w", err)
		return s
	}
	s.principal, s.problem = runbook.VerifyLock(lock, s.bytes, signers)
	return s
}

// signed takes the signature beside the loaded lock for its acceptance, if there is a good one. A bad one is said in the log
// and by check, and counts for nothing.
func (h *house) signed(ctx context.Context, rb *runbook.Runbook) error {
	if rb.LockDigest == "" {
		return nil
	}
	s := h.settings().readSignature(h.config.Runbook, rb.LockSource)
	switch {
	case s == nil:
		return nil
	case s.problem != nil:
		h.log.Warn("the lock's signature is not used", "file", s.path, "error", s.problem)
		return nil
	}
	return h.outcomes.send(ctx, commands.LockSigned{LockDigest: rb.LockDigest, Principal: s.principal, Signature: s.bytes})
}

// checkSignature says what the signature beside the lock is worth.
func checkSignature(c *config, rb *runbook.Runbook) []finding {
	const again = "An approver signs the lock anew: ssh-keygen -Y sign -n " + runbook.SignatureNamespace + " -f KEY LOCK"
	if rb.LockDigest == "" {
		return nil
	}
	s := c.readSignature(c.Runbook, rb.LockSource)
	switch {
	case s == nil && c.Signers != "":
		if _, err := os.ReadFile(c.Signers); err != nil {
			return []finding{{"error", "The allowed signers cannot be read: " + err.Error(), "signers: names a file as for ssh-keygen, a line a person: chen@example.com ssh-ed25519 AAAA…"}}
		}
		return nil
	case s == nil:
		return nil
	case s.problem != nil:
		return []finding{{"warning", "The lock's signature is not used: " + s.problem.Error() + ".", again + "; or remove " + s.path + "."}}
	}
	e, known := c.People.Email(s.principal)
	switch {
	case !known:
		return []finding{{"warning", "The lock is signed by " + s.principal + ", who is nobody in people:, so it counts for nothing.", "Name them there with that email, or let an approver sign."}}
	case !c.People.May(e.Key(), incident.Approver):
		return []finding{{"warning", "The lock is signed by " + e.Name + ", who is no approver, so it counts for nothing.", again}}
	}
	return []finding{{"note", "The lock is signed by " + e.Name + ", which counts as acceptance where somebody else loads it.", ""}}
}
