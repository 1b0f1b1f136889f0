package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestI48_ABackupHasTheKeptFiles: the copies of kept messages' files are beside the backup, whole, and come back with it into
// an empty data directory; one that was broken off leaves nothing that looks whole, and what is damaged is not put back.
func TestI48_ABackupHasTheKeptFiles(t *testing.T) {
	t.Parallel()
	w := settle(t, small())
	w.up()
	room := w.open(w.ana, "Database corruption: users gone")
	graph, dump := bytes.Repeat([]byte("a graph "), 5000), bytes.Repeat([]byte("a dump "), 5000)
	for n, content := range [][]byte{graph, dump, graph} {
		w.pin(w.dev, room, w.upload(w.bea, room, "", "look", "graph.png", content))
		w.payloads("FileKept", n+1)
	}
	kept := w.payloads("FileKept", 3)
	first, second := kept[0]["digest"].(string), kept[1]["digest"].(string)
	files := w.path("copy.db.files")

	w.ok(os.WriteFile(w.path("copy.db.part"), nil, 0o600)) // another one, or what a killed one left
	if code, _, errs := w.drbot("backup", w.path("copy.db")); code == 0 || !strings.Contains(errs, "or was broken off; then delete it") {
		t.Errorf("beside another one: %d %s", code, errs)
	}
	w.ok(os.Remove(w.path("copy.db.part")))
	w.ok(os.Mkdir(files, 0o700))
	w.ok(os.WriteFile(filepath.Join(files, "."+first+".part"), []byte("a gr"), 0o600))
	w.ok(os.WriteFile(filepath.Join(files, second), []byte("a du"), 0o600))
	code, out, errs := w.drbot("backup", w.path("copy.db"))
	if code != 0 || !strings.Contains(out, "2 files of kept messages") || errs != "" {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	list, err := os.ReadDir(files)
	w.ok(err)
	if len(list) != 2 {
		t.Errorf("beside the backup: %v", list)
	}
	if b, err := os.ReadFile(filepath.Join(files, second)); err != nil || !bytes.Equal(b, dump) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if code, _, errs := w.drbot("backup", w.path("copy.db")); code == 0 || !strings.Contains(errs, "never overwrites") {
		t.Errorf("over it: %d %s", code, errs)
	}

	w.leave()
	w.ok(os.RemoveAll(w.path("data", "files")))
	if code, out, errs := w.drbot("restore", w.path("copy.db")); code != 0 || !strings.Contains(out, "2 files of kept messages came back.") || !strings.Contains(out, "Restored") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{first, graph}, {second, dump}} {
		if b, err := os.ReadFile(w.path("data", "files", f.name)); err != nil || !bytes.Equal(b, f.content) {
			t.Errorf("%s has %d bytes, %v", f.name, len(b), err)
		}
	}

	w.ok(os.RemoveAll(w.path("data", "files")))
	w.ok(os.WriteFile(filepath.Join(files, first), []byte("something else"), 0o600))
	w.ok(os.Remove(filepath.Join(files, second)))
	w.clock.push(minute)
	code, out, errs = w.drbot("restore", w.path("copy.db"))
	if code == 0 || !strings.Contains(errs, "not all of its kept files") || !strings.Contains(errs, "not those that were kept") || !strings.Contains(out, "A kept file is not there") {
		t.Errorf("damaged: %d %s%s", code, out, errs)
	}
	if _, err := os.Stat(w.path("data", "files", first)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is damaged was put back: %v", err)
	}
	w.clock.push(minute)
	w.ok(os.RemoveAll(files)) // a backup of an earlier drbot has none
	if code, out, errs := w.drbot("restore", w.path("copy.db")); code != 0 || strings.Count(out, "A kept file is not there") != 2 {
		t.Errorf("without them: %d %s%s", code, out, errs)
	}
	w.serve()
	w.linked()
	w.audited()
}
