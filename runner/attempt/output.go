package attempt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drbot/drbot/secret"
)

const (
	readSize   = 256 << 10 // one read of a pipe
	pipeSize   = 1 << 20   // asked of the kernel; it may give less
	fastRead   = 4 << 10   // a read this long is one of many to come
	stdoutKept = 1 << 20   // of standard output, for the expectation
	tailKept   = 8 << 10   // of everything, for the exit record
	firstKept  = 64 << 10  // of everything, to judge whether it is text
)

// gather is how long a fast stream is left to fill its pipe between two reads.
// Woken for every few KiB, the pump and the step would mostly wait for each other;
// at 1 GB/s the pipe holds five times as long.
const gather = 200 * time.Microsecond

// output takes what the step prints and never makes it wait for anything but the
// disk: it redacts, counts and hashes all of it and keeps the first part. When the
// disk is full it goes on reading. Bytes, digest and file are of the redacted
// stream: a digest of the raw one would confirm a guessed secret.
type output struct {
	done chan struct{} // closed when both pipes are at their end

	outRead, errRead *os.File

	mu     sync.Mutex
	file   *os.File
	limit  int64
	kept   int64
	total  int64
	hash   *hasher
	broken error  // of the file; nothing is kept after it
	first  []byte // of everything, to judge whether it is text
	nulls  int64  // NUL bytes in everything
	last   []byte
	errors []byte // the end of standard error
	head   []byte // of standard output
	cut    bool   // head is not all of it
	sealed bool   // nothing counts any more

	reads  uint64 // of both pipes
	stdOut *stream
	stdErr *stream
}

func newOutput(path string, limit int64, hide *secret.Redactor) (*output, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if os.IsExist(err) { // of a supervisor that died before its claim
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("create output file: %w", err)
	}
	o := &output{done: make(chan struct{}), file: f, limit: limit, hash: newHasher()}
	o.stdErr = o.stream(hide, func(p []byte) { o.errors = endOf(o.errors, p) })
	o.stdOut = o.stream(hide, func(p []byte) {
		room := min(len(p), stdoutKept-len(o.head))
		o.head = append(o.head, p[:room]...)
		o.cut = o.cut || room < len(p)
	})
	return o, nil
}

func (o *output) stream(hide *secret.Redactor, hear func([]byte)) *stream {
	s := &stream{pass: o.keep, hear: hear}
	s.hide = hide.Writer(s)
	waits := false
	s.wait = func() {
		if waits {
			return
		}
		waits = true
		time.AfterFunc(moment, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if waits = false; !o.sealed {
				s.late()
			}
		})
	}
	return s
}

// pipes makes the two that the step writes to, and gives its ends.
func (o *output) pipes() (stdout, stderr *os.File, err error) {
	if o.outRead, stdout, err = os.Pipe(); err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	if o.errRead, stderr, err = os.Pipe(); err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	for _, f := range []*os.File{o.outRead, o.errRead} {
		if raw, err := f.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
		}
	}
	return stdout, stderr, nil
}

// pump reads both pipes until nobody holds their other ends.
func (o *output) pump() {
	var both sync.WaitGroup
	both.Go(func() { o.read(o.outRead, o.stdOut) })
	both.Go(func() { o.read(o.errRead, o.stdErr) })
	go func() {
		both.Wait()
		close(o.done)
	}()
}

func (o *output) read(from *os.File, to *stream) {
	buf := make([]byte, readSize)
	for {
		n, err := from.Read(buf)
		o.mu.Lock()
		if !o.sealed {
			o.hear(to, buf[:n])
		}
		o.mu.Unlock()
		if err != nil {
			return
		}
		if n >= fastRead && n < len(buf) {
			time.Sleep(gather)
		}
	}
}

// hear takes what a stream of the step printed.
func (o *output) hear(s *stream, p []byte) {
	o.reads++
	s.came = o.reads
	_, _ = s.hide.Write(p) // a stream never fails
}

// take is for output that does not come from a process of this host.
func (o *output) take(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.sealed {
		o.hear(o.stdOut, p)
	}
}

// keep is the end of the line: redacted bytes, in the order they came.
func (o *output) keep(p []byte) {
	o.total += int64(len(p))
	o.hash.write(p)
	if room := min(int64(len(p)), o.limit-o.kept); room > 0 && o.broken == nil {
		n, err := o.file.Write(p[:room])
		o.kept += int64(n)
		o.broken = err
	}
	o.nulls += int64(bytes.Count(p, []byte{0}))
	o.first = append(o.first, p[:min(len(p), firstKept-len(o.first))]...)
	o.last = endOf(o.last, p)
}

// endOf appends p and keeps at least the last tailKept bytes.
func endOf(end, p []byte) []byte {
	end = append(end, p[max(0, len(p)-tailKept):]...)
	if extra := len(end) - tailKept; extra > tailKept {
		end = append(end[:0], end[extra:]...)
	}
	return end
}

// seal lets what was held back go, and fills the result in. What comes after it is
// read and dropped.
func (o *output) seal(r *Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first, second := o.stdOut, o.stdErr
	if second.came < first.came {
		first, second = second, first
	}
	first.end()
	second.end()
	o.sealed = true
	r.OutputBytes, r.KeptBytes = o.total, o.kept
	r.OutputSHA256 = hex.EncodeToString(o.hash.sum())
	if o.broken != nil {
		r.OutputError = o.broken.Error()
	}
	r.LastLines = lastLines(o.last, recordLines, recordBytes, int64(len(o.last)) < o.total)
	r.Said = lastSaid(o.errors)
	r.NoText = tooMany(o.nulls, o.total, nullOf) || !IsText(o.first) || !IsText(o.last)
}

// stdout gives the beginning of standard output, and whether that is all of it.
func (o *output) stdout() (head []byte, whole bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.head, !o.cut
}

// sync makes the kept bytes durable. It runs after the exit record, which can be
// waited for meanwhile: a power cut in between shows as fewer bytes than recorded.
func (o *output) sync() error { return o.file.Sync() }

// hasher computes a sha256 beside the pump: done in it, it would make a step that
// prints 100 MB take 1.4 times as long.
type hasher struct {
	buf         []byte
	full, empty chan []byte
	result      chan []byte
}

func newHasher() *hasher {
	h := &hasher{buf: make([]byte, 0, readSize), full: make(chan []byte, 2), empty: make(chan []byte, 3), result: make(chan []byte, 1)}
	for range cap(h.full) { // with buf, as many as empty can hold: giving one back never waits
		h.empty <- make([]byte, 0, readSize)
	}
	go func() {
		sum := sha256.New()
		for buf := range h.full {
			sum.Write(buf)
			h.empty <- buf[:0]
		}
		h.result <- sum.Sum(nil)
	}()
	return h
}

func (h *hasher) write(p []byte) {
	for len(p) > 0 {
		n := copy(h.buf[len(h.buf):cap(h.buf)], p)
		h.buf, p = h.buf[:len(h.buf)+n], p[n:]
		if len(h.buf) == cap(h.buf) {
			h.full <- h.buf
			h.buf = <-h.empty
		}
	}
}

// sum ends the hash. Nothing may be written after it.
func (h *hasher) sum() []byte {
	h.full <- h.buf
	close(h.full)
	return <-h.result
}
