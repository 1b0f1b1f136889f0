package bolt

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

// format is the layout of the file; it changes with what is below.
const format = 1

// Buckets. Numbers in keys are big-endian, so that cursors walk them in order.
var (
	metaBucket     = []byte("meta")      // format, head
	recordBucket   = []byte("records")   // seq -> hash, flags, header, payload
	payloadBucket  = []byte("payloads")  // seq -> payload over inlinePayload bytes
	streamBucket   = []byte("streams")   // incident seq -> nothing
	foldBucket     = []byte("folds")     // incident -> crc, JSON
	tailBucket     = []byte("tails")     // incident -> seq, due, hash of its newest record
	summaryBucket  = []byte("summaries") // incident -> JSON of incident.Summary
	openBucket     = []byte("open")      // incident -> nothing; in triage or open
	aliveBucket    = []byte("alive")     // incident -> nothing; not closed
	figuresBucket  = []byte("figures")   // incident -> instant of its opening, version, JSON of incident.Figures
	dueBucket      = []byte("due")       // instant incident -> nothing
	keyBucket      = []byte("keys")      // delivery key -> JSON of state.Memory
	expiryBucket   = []byte("expiry")    // instant delivery key -> nothing
	claimBucket    = []byte("claims")    // name -> incident
	indexBucket    = []byte("indexes")   // index/value -> incident
	counterBucket  = []byte("counters")  // kind -> last number
	blobBucket     = []byte("blobs")     // sha256 -> bytes
	followerBucket = []byte("followers") // name -> start, away
	pendingBucket  = []byte("pending")   // follower 0 incident -> nothing
	cursorBucket   = []byte("cursors")   // follower 0 incident -> JSON of state.Cursor

	buckets = [][]byte{
		metaBucket, recordBucket, payloadBucket, streamBucket, foldBucket, tailBucket, summaryBucket, openBucket, dueBucket, keyBucket,
		expiryBucket, claimBucket, indexBucket, counterBucket, blobBucket, followerBucket, pendingBucket, cursorBucket,
	}
	// derived are made when a file of an earlier version is opened for writing; a read-only one goes without them.
	derived = [][]byte{aliveBucket, figuresBucket}

	formatKey = []byte("format")
	headKey   = []byte("head")
)

var tables = map[state.Table][]byte{state.Claims: claimBucket, state.Indexes: indexBucket, state.Counters: counterBucket}

const (
	// inlinePayload is the longest payload that stays beside its header; longer ones would leave pages half empty.
	inlinePayload = 4 << 10

	flagApart    = 1 // the payload is in payloadBucket
	flagRedacted = 2
)

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func pair(a, b uint64) []byte { return binary.BigEndian.AppendUint64(u64(a), b) }

func number(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// instant orders times as keys. Zero and everything before 1970 is 0.
func instant(t time.Time) uint64 {
	if t.Year() < 1970 {
		return 0
	}
	return uint64(t.UnixNano())
}

// placeKey is the key of a follower's row for an incident.
func placeKey(follower string, id incident.ID) []byte {
	return append(append([]byte(follower), 0), u64(uint64(id))...)
}

// encodeHead and decodeHead: sequence, then the 32 bytes of the hash; nothing at all for an empty record.
func encodeHead(h state.Head) ([]byte, error) {
	hash, err := hex.DecodeString(h.Hash)
	return append(u64(h.Seq), hash...), err
}

func decodeHead(b []byte) (state.Head, error) {
	switch len(b) {
	case 0, 8:
		return state.Head{}, nil
	case 40:
		return state.Head{Seq: number(b), Hash: hex.EncodeToString(b[8:])}, nil
	}
	return state.Head{}, errors.New("its head row has the wrong length")
}

// tail is the row of tailBucket.
type tail struct {
	seq, due uint64
	hash     state.Digest
}

func (t tail) encode() ([]byte, error) {
	hash, err := hex.DecodeString(t.hash)
	return append(pair(t.seq, t.due), hash...), err
}

func decodeTail(b []byte) (tail, error) {
	if len(b) == 0 {
		return tail{}, nil
	}
	if len(b) < 16 {
		return tail{}, errors.New("a tail row is too short")
	}
	return tail{seq: number(b), due: number(b[8:]), hash: hex.EncodeToString(b[16:])}, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal and unseal put a checksum before a fold: a flipped bit in one is found, and the fold made again from its records.
func sealed(fold []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(fold, castagnoli)), fold...)
}

func unsealed(row []byte) ([]byte, bool) {
	if len(row) < 4 || binary.BigEndian.Uint32(row) != crc32.Checksum(row[4:], castagnoli) {
		return nil, false
	}
	return row[4:], true
}

// encodeRecord lays out: hash (32), flags (1), length of the header (2), header, payload unless it is apart.
func encodeRecord(r state.Stored) (row, apart []byte, err error) {
	row, err = hex.DecodeString(r.Hash)
	if err != nil || len(row) != 32 || len(r.Head) > 1<<16-1 {
		return nil, nil, fmt.Errorf("record %d cannot be laid out", r.Seq)
	}
	flags := byte(0)
	if len(r.Payload) > inlinePayload {
		flags |= flagApart
	}
	row = append(row, flags)
	row = binary.BigEndian.AppendUint16(row, uint16(len(r.Head)))
	row = append(row, r.Head...)
	if flags&flagApart != 0 {
		return row, r.Payload, nil
	}
	return append(row, r.Payload...), nil, nil
}

// row is a stored record taken apart; its slices point into the page.
type row struct {
	hash            state.Digest
	flags           byte
	header, payload []byte
}

func splitRow(b []byte) (row, error) {
	if len(b) < 35 {
		return row{}, errors.New("a record row is too short")
	}
	n := 35 + int(binary.BigEndian.Uint16(b[33:]))
	if len(b) < n {
		return row{}, errors.New("a record row is cut")
	}
	return row{hash: hex.EncodeToString(b[:32]), flags: b[32], header: b[35:n], payload: b[n:]}, nil
}

// blanked is the row with another payload, marked as redacted. The header, and with it the chain, stays.
func blanked(b, left []byte) ([]byte, error) {
	r, err := splitRow(b)
	if err != nil {
		return nil, err
	}
	again := append([]byte(nil), b[:32]...)
	again = append(again, r.flags&^flagApart|flagRedacted, b[33], b[34])
	return append(append(again, r.header...), left...), nil
}
