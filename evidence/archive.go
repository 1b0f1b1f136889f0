package evidence

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/drbot/drbot/state"
)

// archive is a gzipped tar that remembers the sha256 of each file for its manifest. Times and owners in it are fixed, so
// that the same evidence gives the same bytes.
type archive struct {
	gz     *gzip.Writer
	tar    *tar.Writer
	folder string
	at     time.Time
	sums   bytes.Buffer
}

func newArchive(w io.Writer, folder string, at time.Time) *archive {
	gz := gzip.NewWriter(w)
	return &archive{gz: gz, tar: tar.NewWriter(gz), folder: folder, at: at.UTC().Truncate(time.Second)}
}

// add writes one small file.
func (a *archive) add(name string, b []byte) error {
	_, err := a.stream(name, int64(len(b)), bytes.NewReader(b))
	return err
}

// stream copies size bytes of a file and gives their sha256.
func (a *archive) stream(name string, size int64, r io.Reader) (sum string, err error) {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: a.folder + "/" + name, Size: size, Mode: 0o600, ModTime: a.at, Format: tar.FormatPAX}
	if err := a.tar.WriteHeader(h); err != nil {
		return "", err
	}
	hash := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(a.tar, hash), r, size); err != nil {
		return "", fmt.Errorf("copy %s: %w", name, err)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	fmt.Fprintf(&a.sums, "%s  %s\n", sum, name)
	return sum, nil
}

// close writes the manifest last: heads are comments in it, which sha256sum passes over.
func (a *archive) close(heads []string) error {
	var m bytes.Buffer
	for _, line := range heads {
		fmt.Fprintln(&m, line)
	}
	m.Write(a.sums.Bytes())
	if err := a.add("MANIFEST", m.Bytes()); err != nil {
		return err
	}
	if err := a.tar.Close(); err != nil {
		return err
	}
	return a.gz.Close()
}

// chain writes records three times: whole, as the bytes that are hashed, and each payload as the bytes that are digested.
// with says whose payload is packed.
func (a *archive) chain(name string, records []state.Record, with func(state.Record) bool) error {
	var lines, headers bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, r := range records {
		header, err := r.Header()
		if err != nil {
			return err
		}
		headers.Write(append(header, '\n'))
		if !with(r) {
			continue
		}
		if err := enc.Encode(r); err != nil {
			return err
		}
		payload := fmt.Sprintf("%s/payloads/%d.json", name, r.Seq)
		if r.Redacted {
			payload = fmt.Sprintf("%s/redacted/%d.json", name, r.Seq)
		}
		if err := a.add(payload, r.Payload); err != nil {
			return err
		}
	}
	if err := a.add(name+"/headers.jsonl", headers.Bytes()); err != nil {
		return err
	}
	return a.add(name+"/records.jsonl", lines.Bytes())
}

// lines writes values as JSON lines.
func lines[V any](a *archive, name string, values []V) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return a.add(name, b.Bytes())
}
