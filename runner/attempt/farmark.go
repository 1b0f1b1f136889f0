package attempt

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/drbot/drbot/incident"
)

// farMark is what farFile holds. The name is drawn once for an attempt, before anything is sent: no other record, restored backup
// or second drbot ever means the same attempt by it.
type farMark struct {
	Host string `json:"host"`
	Name string `json:"name"`
}

func readFarMark(dir string) (farMark, error) {
	var m farMark
	raw, err := os.ReadFile(filepath.Join(dir, farFile))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(raw, &m)
}

// markFar draws the name, or reads the one that was drawn.
func markFar(dir string, j Job) (farMark, error) {
	m, err := readFarMark(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	var token [8]byte
	_, _ = rand.Read(token[:]) // never fails
	m = farMark{Host: j.Far.Scheme + ":" + j.Far.Name, Name: j.Attempt[:min(len(j.Attempt), 40)] + "-" + hex.EncodeToString(token[:])}
	raw, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	return m, writeOnce(dir, farFile, raw)
}

// farHost is the host of a mark that was made, for Inspect; empty: none was.
func farHost(dir string) string {
	m, err := readFarMark(dir)
	if err != nil {
		return ""
	}
	_, name, _ := incident.Elsewhere(m.Host)
	return name
}
