// Package paper keeps each incident as a Markdown file, so that people can go on by hand when drbot is dead (I55).
//
// It follows every event of an incident and writes data/incidents/INC-42.md anew from the fold: state, what is true
// now, the next step with its text, people with their phone numbers. Beside it INC-42-timeline.md has every event of
// the record in words. A file is replaced in one move, so whoever reads it sees the old one or the new one, whole. It is
// never read back. A resolution adds the draft of the review beside it
// (INC-42-review.md), once; what people write into that file stays.
package paper

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
	"github.com/drbot/drbot/templates"
)

// Name is the follower's name; cursors hang on it.
const Name = "paper"

// Reader gives the fold of an incident and its records.
type Reader interface {
	Incident(context.Context, state.Ref) (*incident.Incident, error)
	Records(ctx context.Context, id incident.ID, after uint64) iter.Seq2[state.Record, error]
}

// Review makes the draft of an incident's review from its record, as it was at the newest resolution up to seq.
type Review func(ctx context.Context, id incident.ID, seq uint64) ([]byte, error)

// Follower writes the files.
type Follower struct {
	dir    string
	read   Reader
	facts  func(context.Context, *incident.Incident) templates.Facts
	review Review
	one    sync.Mutex // one incident at a time, from reading it to the disk: what was read before a redaction is never written after it
}

// New makes the follower over the directory of the files (data/incidents), which is made with 0700 where it is missing.
// facts gives what the page shows besides the fold: texts of the steps, people, backups. Without a review there are no
// drafts.
func New(dir string, read Reader, facts func(context.Context, *incident.Incident) templates.Facts, review Review) (*Follower, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of incident files: %w", err)
	}
	return &Follower{dir: dir, read: read, facts: facts, review: review}, nil
}

// Name of the follower.
func (f *Follower) Name() string { return Name }

// Pace keeps the pages of a busy incident from competing with the record for the disk: a page after a quiet second
// comes at once, and takes in whatever came meanwhile.
func (f *Follower) Pace() time.Duration { return time.Second }

// Wants everything: the page shows when it was written and from which record.
func (f *Follower) Wants(string) bool { return true }

// Deliver writes the incident's page from the fold as it is now, once for the whole batch. The house stream has no page; a
// redaction in it makes the files of its incident anew. A disk that is full or read-only is an outage: the same page is
// tried again.
func (f *Follower) Deliver(ctx context.Context, b follow.Batch) (follow.Done, error) {
	if b.Incident == 0 {
		return follow.Done{}, f.redacted(ctx, b.Records)
	}
	f.one.Lock()
	defer f.one.Unlock()
	i, err := f.incident(ctx, b.Incident)
	if err != nil {
		return follow.Done{}, err
	}
	done := follow.Done{Through: i.Seq}
	which := reviewDue(i, b.Notes)
	if which != "" && f.review != nil {
		if _, err := f.draft(ctx, i); err != nil {
			return follow.Done{}, err
		}
		done.Notes = map[string]string{noteReview: which}
	}
	if err := f.pages(ctx, i); err != nil {
		return follow.Done{}, err
	}
	return done, nil
}

func (f *Follower) incident(ctx context.Context, id incident.ID) (*incident.Incident, error) {
	i, err := f.read.Incident(ctx, state.Ref{ID: id})
	if errors.Is(err, state.ErrNotFound) {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	if err != nil {
		return nil, follow.Unavailable{Err: fmt.Errorf("read %s: %w", id, err), NotSent: true}
	}
	return i, nil
}

// pages writes the page and the timeline. The caller holds the lock.
func (f *Follower) pages(ctx context.Context, i *incident.Incident) error {
	facts := f.facts(ctx, i)
	timeline, err := f.timeline(ctx, i, facts.Zone)
	if err != nil {
		return follow.Unavailable{Err: fmt.Errorf("read the record of %s: %w", i.ID, err), NotSent: true}
	}
	if err := replace(filepath.Join(f.dir, i.ID.String()+".md"), templates.Paper(i, facts)); err != nil {
		return follow.Unavailable{Err: err}
	}
	if err := replace(filepath.Join(f.dir, templates.TimelineName(i)), timeline); err != nil {
		return follow.Unavailable{Err: err}
	}
	return nil
}

// draft writes the draft of the newest review; left is its path where people changed the file, and so it stayed. The
// caller holds the lock.
func (f *Follower) draft(ctx context.Context, i *incident.Incident) (left string, err error) {
	draft, err := f.review(ctx, i.ID, i.Seq)
	if err != nil {
		return "", follow.Unavailable{Err: fmt.Errorf("draft the review of %s: %w", i.ID, err), NotSent: true}
	}
	file := filepath.Join(f.dir, templates.ReviewFile(i))
	ours, err := putReview(file, draft)
	if err != nil {
		return "", follow.Unavailable{Err: err}
	}
	if !ours {
		left = file
	}
	return left, nil
}

// replace puts the bytes where the file was, durably and in one move. The temporary file has a fixed name, so that a
// crash leaves at most one behind, and the next page takes it over.
func replace(file string, page []byte) (err error) {
	temp := file + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("clear %s: %w", temp, err)
	}
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("create the incident's page: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreGone(os.Remove(temp)))
		}
	}()
	_, err = out.Write(page)
	if err == nil {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write the incident's page: %w", err)
	}
	if err := os.Rename(temp, file); err != nil {
		return fmt.Errorf("replace the incident's page: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the move itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the directory of incident files: %w", err)
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("sync the directory of incident files: %w", err)
	}
	return nil
}
