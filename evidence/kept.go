package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// KeptFile is one file of a message on the timeline, a line of files.jsonl.
type KeptFile struct {
	Name    string          `json:"name"`
	Type    string          `json:"type,omitempty"`
	Size    int64           `json:"size"`
	Digest  string          `json:"digest,omitempty"` // sha256 of its bytes; its name in files/
	Missing string          `json:"missing,omitempty"`
	Channel string          `json:"channel"`
	TS      string          `json:"ts"`
	Author  incident.Person `json:"author"`
	At      time.Time       `json:"at"` // of the message
	By      incident.Person `json:"kept_by"`
	Record  uint64          `json:"record"` // of the message
	Copied  uint64          `json:"copied,omitempty"`

	id string
}

// keptFile follows a file from its message to its copy.
func (c *collected) keptFile(r state.Record, e incident.Event) {
	switch e := e.(type) {
	case incident.Pinned:
		if r.Redacted {
			return
		}
		for _, f := range e.Files {
			c.files = append(c.files, KeptFile{
				Name: f.Name, Type: f.Type, Size: f.Size, Missing: f.Why, Channel: e.Channel, TS: e.TS, Author: e.Author, At: e.At, By: e.By, Record: r.Seq, id: f.ID,
			})
		}
	case incident.FileKept:
		digest, why := e.Digest, e.Why
		if r.Redacted {
			digest, why = "", "the record of its copy was redacted"
		}
		for k := range c.files {
			if f := &c.files[k]; f.id == e.ID && f.Channel == e.Channel && f.TS == e.TS && f.Digest == "" {
				f.Digest, f.Missing, f.Copied = digest, why, r.Seq
			}
		}
	}
}

// packKept copies the files, each once, and says what is missing.
func (c *collected) packKept(ctx context.Context, a *archive, data string) error {
	var packed []string
	for k := range c.files {
		f := &c.files[k]
		switch {
		case f.Digest == "" && f.Missing == "":
			f.Missing = "it was not copied yet"
		case f.Digest == "":
		case data == "":
			f.Missing = "no data directory was at hand"
		case !slices.Contains(packed, f.Digest):
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f.pack(a, data); err != nil {
				return err
			}
			if f.Missing == "" {
				packed = append(packed, f.Digest)
			}
		}
	}
	if len(c.files) == 0 {
		return nil
	}
	return lines(a, "files.jsonl", c.files)
}

// pack copies one file, whatever its people called it, under its sha256.
func (f *KeptFile) pack(a *archive, data string) error {
	if len(f.Digest) != 64 || !filepath.IsLocal(f.Digest) {
		f.Missing = "the record names no sha256"
		return nil
	}
	root, err := os.OpenRoot(filepath.Join(data, Kept))
	if errors.Is(err, fs.ErrNotExist) {
		f.Missing = "it is not in the data directory"
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Lstat(f.Digest)
	if err != nil || !info.Mode().IsRegular() {
		f.Missing = "it is not in the data directory"
		return nil
	}
	in, err := root.Open(f.Digest)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	sum, err := a.stream("files/"+f.Digest, info.Size(), in)
	if err != nil {
		return fmt.Errorf("pack %s: %w", f.Name, err)
	}
	if sum != f.Digest {
		f.Missing = "its bytes are not those that were copied"
	}
	return nil
}
