package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/drbot/drbot/incident"
)

// header is what the hash of a record covers. The order of its fields is part of the format: the stored bytes are this
// JSON, and whoever holds an exported Record can write them again.
type header struct {
	Seq          uint64      `json:"seq"`
	Incident     incident.ID `json:"incident"`
	N            uint64      `json:"n"`
	Time         time.Time   `json:"time"`
	Kind         string      `json:"kind"`
	Digest       string      `json:"digest"`
	Prev         string      `json:"prev"`
	PrevIncident string      `json:"prev_incident"`
}

// Header gives the bytes that Hash covers, as they are stored.
func (r Record) Header() ([]byte, error) {
	return json.Marshal(header{r.Seq, r.Incident, r.N, r.Time, r.Kind, r.Digest, r.Prev, r.PrevIncident})
}

// ParseHeader reads stored header bytes back into a record that has neither hash nor payload.
func ParseHeader(stored []byte) (Record, error) {
	var h header
	if err := json.Unmarshal(stored, &h); err != nil {
		return Record{}, fmt.Errorf("read record header: %w", err)
	}
	return Record{
		Seq: h.Seq, Incident: h.Incident, N: h.N, Time: h.Time, Kind: h.Kind, Digest: h.Digest, Prev: h.Prev, PrevIncident: h.PrevIncident,
	}, nil
}

// Sum is the hex sha256 that the record uses for headers, payloads and blobs.
func Sum(b []byte) Digest {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Check compares a record with its own hash and digest; the links to other records are the walker's. A redacted
// payload is not the one that was digested, so only its header is compared.
func (r Record) Check() error {
	stored, err := r.Header()
	if err != nil {
		return err
	}
	if Sum(stored) != r.Hash {
		return fmt.Errorf("record %d: its header was changed", r.Seq)
	}
	if !r.Redacted && Sum(r.Payload) != r.Digest {
		return fmt.Errorf("record %d: its payload was changed", r.Seq)
	}
	return nil
}
