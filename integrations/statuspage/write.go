package statuspage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// ours are the files under incidents/ that drbot made, and may take away when they are not of the page any more.
var ours = regexp.MustCompile(`^[0-9a-f]{12}\.html(\.new)?$`)

// write brings a directory to hold the files. Each is replaced in one move, whole and durable, in the order in which Files
// gave them: who reads meanwhile finds every file whole, and nothing that a page links to is missing. Files that hold these
// bytes already are left alone, and so is whatever else lies there. Pages that are out of the history go last.
func write(dir string, files []File) error {
	pagesDir := filepath.Join(dir, "incidents")
	if err := os.MkdirAll(pagesDir, 0o755); err != nil {
		return fmt.Errorf("make the status page's directory: %w", err)
	}
	changed := map[string]bool{}
	sync := func() error {
		for d := range changed {
			if err := syncDir(d); err != nil {
				return err
			}
		}
		clear(changed)
		return nil
	}
	keep := map[string]bool{}
	for k, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		keep[path] = true
		if k == len(files)-1 { // the first page comes when all that it links to is there to stay
			if err := sync(); err != nil {
				return err
			}
		}
		switch same, err := holds(path, f.Body); {
		case err != nil:
			return err
		case same:
			continue
		}
		if err := replace(path, f.Body); err != nil {
			return err
		}
		changed[filepath.Dir(path)] = true
	}
	if err := sync(); err != nil {
		return err
	}
	return sweep(pagesDir, keep)
}

// holds reports whether a file has these bytes.
func holds(path string, body []byte) (bool, error) {
	have, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the status page: %w", err)
	}
	return bytes.Equal(have, body), nil
}

// replace puts the bytes where the file was. The temporary file has a fixed name, so that a crash leaves at most one
// behind, and the next try takes it over. The page is for everybody: other accounts may read it.
func replace(path string, body []byte) (err error) {
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("clear the status page: %w", err)
	}
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the status page: %w", err)
	}
	_, err = out.Write(body)
	if err == nil {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp) // what is wrong is said already
		return fmt.Errorf("write the status page: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the status page's directory: %w", err)
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("sync the status page's directory: %w", err)
	}
	return nil
}

// sweep takes away pages that are drbot's and not of the page any more.
func sweep(dir string, keep map[string]bool) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list the status page's directory: %w", err)
	}
	for _, f := range list {
		path := filepath.Join(dir, f.Name())
		if keep[path] || !f.Type().IsRegular() || !ours.MatchString(f.Name()) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("clear the status page: %w", err)
		}
	}
	return nil
}
