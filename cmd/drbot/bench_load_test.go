package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/drbot/drbot/workspace"
)

// The load: signed slash commands as Slack sends them, over plain connections. The generator shares the two cores with
// drbot, so it does no more than it must: it signs, writes, and reads the answer.

// order is one slash command.
type order struct{ user, channel, text string }

// post writes an order as Slack posts it: form fields, timestamp and signature v0.
func (o order) post(buf []byte, n int64) []byte {
	body := "token=gone&team_id=" + workspace.TeamID + "&team_domain=bench&channel_id=" + o.channel + "&channel_name=inc&user_id=" + o.user + "&user_name=bench&command=%2Fincident&text=" +
		url.QueryEscape(o.text) + "&api_app_id=A0BENCH&is_enterprise_install=false&response_url=http%3A%2F%2F127.0.0.1%3A9%2Fhook&trigger_id=" + strconv.FormatInt(n, 10) + ".bench"
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signingSecret))
	_, _ = io.WriteString(mac, "v0:"+stamp+":"+body)
	buf = append(buf[:0], "POST /slack/commands HTTP/1.1\r\nHost: drbot\r\nContent-Type: application/x-www-form-urlencoded\r\nX-Slack-Request-Timestamp: "...)
	buf = append(append(buf, stamp...), "\r\nX-Slack-Signature: v0="...)
	buf = hex.AppendEncode(buf, mac.Sum(nil))
	buf = append(append(append(buf, "\r\nContent-Length: "...), strconv.Itoa(len(body))...), "\r\n\r\n"...)
	return append(buf, body...)
}

// line is one connection to drbot's door.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	text []byte
}

func dial(address string) (*line, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, in: bufio.NewReader(conn)}, nil
}

// ask sends an order and reads the whole answer. What must be in the answer proves that the order was kept.
func (l *line) ask(o order, n int64, want string) error {
	l.out = o.post(l.out, n)
	if _, err := l.conn.Write(l.out); err != nil {
		return err
	}
	status, err := l.answer()
	if err != nil {
		return err
	}
	if status != 200 || !bytes.Contains(l.text, []byte(want)) {
		return fmt.Errorf("answer %d: %s", status, l.text)
	}
	return nil
}

// answer reads a response with a length, or one in chunks.
func (l *line) answer() (status int, err error) {
	head, err := l.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(head) < 12 {
		return 0, errors.New("no status line")
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, err
	}
	length := -1
	for {
		if head, err = l.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(head) <= 2 {
			break
		}
		if name, value, _ := bytes.Cut(head, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	l.text = l.text[:0]
	if length >= 0 {
		return status, l.take(length)
	}
	for {
		if head, err = l.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(head)), 16, 32)
		if err != nil {
			return 0, err
		}
		if err := l.take(int(size)); err != nil {
			return 0, err
		}
		if _, err := l.in.Discard(2); err != nil || size == 0 {
			return status, err
		}
	}
}

func (l *line) take(n int) error {
	at := len(l.text)
	l.text = slices.Grow(l.text, n)[:at+n]
	_, err := io.ReadFull(l.in, l.text[at:])
	return err
}

// times are the latencies of one run.
type times struct {
	all  []time.Duration
	took time.Duration
}

func (t times) at(share float64) float64 {
	return float64(t.all[min(len(t.all)-1, int(share*float64(len(t.all))))]) / float64(time.Millisecond)
}

func (t times) sort() { slices.Sort(t.all) }

// report gives the figures of a run in place of the time of an iteration.
func (t times) report(b *testing.B) {
	t.sort()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(t.at(0.50), "p50-ms")
	b.ReportMetric(t.at(0.99), "p99-ms")
	b.ReportMetric(float64(len(t.all))/t.took.Seconds(), "cmds/s")
}

// orders makes the n-th order.
type orders func(n int64) (o order, want string)

// saturate has every connection send its next order as soon as the last one was answered. The first tenth of the time
// is for warming up.
func saturate(b *testing.B, address string, connections int, during time.Duration, next orders) times {
	b.Helper()
	var n atomic.Int64
	var mu sync.Mutex
	var sum times
	begin := time.Now().Add(during / 10)
	end := begin.Add(during)
	overLines(b, address, connections, func(l *line) error {
		var own []time.Duration
		for {
			sent := time.Now()
			if sent.After(end) {
				break
			}
			k := n.Add(1)
			o, want := next(k)
			if err := l.ask(o, k, want); err != nil {
				return err
			}
			if done := time.Now(); sent.After(begin) && !done.After(end) {
				own = append(own, done.Sub(sent))
			}
		}
		mu.Lock()
		defer mu.Unlock()
		sum.all = append(sum.all, own...)
		return nil
	})
	sum.took = during
	return sum
}

// pace sends orders at fixed instants, whether or not earlier ones were answered; latency counts from the instant, so
// that a stall is felt by everybody behind it. The pacer sleeps in the kernel: the runtime's timers are a millisecond
// coarse on an idle processor.
func pace(b *testing.B, address string, perSecond, total int, next orders) times {
	b.Helper()
	const connections = 64
	due := make(chan int64, total)
	begin := time.Now().Add(10 * time.Millisecond)
	at := func(k int64) time.Time { return begin.Add(time.Duration(k) * time.Second / time.Duration(perSecond)) }
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for k := range int64(total) {
			for left := time.Until(at(k)); left > 0; left = time.Until(at(k)) {
				nap := syscall.NsecToTimespec(int64(left))
				_ = syscall.Nanosleep(&nap, nil) // an interrupted sleep is slept on
			}
			due <- k
		}
		close(due)
	}()
	var mu sync.Mutex
	var sum times
	overLines(b, address, connections, func(l *line) error {
		for k := range due {
			o, want := next(k)
			if err := l.ask(o, k, want); err != nil {
				return err
			}
			took := time.Since(at(k))
			mu.Lock()
			sum.all = append(sum.all, took)
			mu.Unlock()
		}
		return nil
	})
	sum.took = time.Since(begin)
	return sum
}

// overLines runs work on every connection.
func overLines(b *testing.B, address string, connections int, work func(*line) error) {
	b.Helper()
	var all sync.WaitGroup
	var lines []*line
	for range connections {
		l, err := dial(address)
		if err != nil {
			b.Fatal(err)
		}
		lines = append(lines, l)
	}
	var once sync.Once
	for _, l := range lines {
		all.Go(func() {
			if err := work(l); err != nil {
				once.Do(func() { b.Error(err) })
			}
		})
	}
	all.Wait()
	for _, l := range lines {
		_ = l.conn.Close()
	}
	if b.Failed() {
		b.FailNow()
	}
}

// notes are orders of notes on some channels, one after the other.
func notes(mark string, channels ...string) orders {
	return func(n int64) (order, string) {
		return order{
			user: benchPeople[int(n)%len(benchPeople)], channel: channels[int(n)%len(channels)],
			text: "note replica lag is " + strconv.FormatInt(n, 10) + " s, see the dashboard (" + mark + ")",
		}, "oted"
	}
}

// worked is the processor time that a process has used.
func worked(b *testing.B, pid int) time.Duration {
	b.Helper()
	text := readFile(b, fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	var ticks int64
	for _, k := range []int{11, 12} { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(fields[k], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// anonymous is how much memory of its own a process has in use.
func anonymous(b *testing.B, pid int) float64 {
	b.Helper()
	for text := range strings.Lines(readFile(b, fmt.Sprintf("/proc/%d/status", pid))) {
		if rest, ok := strings.CutPrefix(text, "RssAnon:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatal("the kernel does not say RssAnon")
	return 0
}
