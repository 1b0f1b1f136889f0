package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/follow"
)

// keeper copies the files of kept messages into the data directory, named by their sha256, so that a deletion at Slack
// loses nothing. It is a follower of its own: a large file or an outage holds up no message.
type keeper struct{ *Bot }

// filePatience bounds one download.
const filePatience = 2 * time.Minute

func (keeper) Name() string           { return Keep }
func (keeper) Wants(kind string) bool { return kind == incident.Pinned{}.EventKind() }

// Deliver copies what each message brought along. What was copied before an outage is not fetched again.
func (k keeper) Deliver(ctx context.Context, batch follow.Batch) (follow.Done, error) {
	done := follow.Done{Notes: map[string]string{}}
	for _, r := range batch.Records {
		e, err := r.Event()
		if err != nil {
			return done, err
		}
		pinned, ok := e.(incident.Pinned)
		if !ok || r.Redacted {
			done.Through = r.Seq
			continue
		}
		for _, f := range pinned.Files {
			note := "file/" + strconv.FormatUint(r.Seq, 10) + "/" + f.ID
			if f.Why != "" || batch.Notes[note] != "" {
				continue
			}
			kept := incident.FileKept{Channel: pinned.Channel, TS: pinned.TS, ID: f.ID, Name: f.Name}
			kept.Digest, kept.Size, kept.Why, err = k.copy(ctx, f)
			if is(err, "missing_scope") && !k.owns(ctx, batch.Incident, pinned.Channel) {
				kept.Why, err = "drbot may not read the channel where it is", nil // nobody has to invite it there
			}
			if err != nil {
				return done, later(err)
			}
			key := Keep + "/" + strconv.FormatUint(r.Seq, 10) + "/" + f.ID
			if err := k.outcome(ctx, commands.KeepFile{Incident: batch.Incident, FileKept: kept}, []string{key}, 0); err != nil {
				return done, follow.Unavailable{Err: err}
			}
			done.Notes[note] = "kept"
		}
		done.Through = r.Seq
	}
	return done, nil
}

// owns reports whether a channel is the incident's own.
func (k keeper) owns(ctx context.Context, id incident.ID, channel string) bool {
	i, err := k.Memory.Incident(ctx, state.Ref{ID: id})
	return err != nil || i.Channel.ID == channel
}

// copy fetches one file; why says that it never can be.
func (k keeper) copy(ctx context.Context, f incident.File) (digest string, size int64, why string, err error) {
	if !k.atSlack(f.URL) {
		return "", 0, "its address is not one of Slack's", nil // the token goes nowhere else
	}
	ctx, cancel := context.WithTimeout(ctx, filePatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return "", 0, "its address cannot be read", nil
	}
	r.Header.Set("Authorization", "Bearer "+k.BotToken.Reveal())
	client := http.Client{Transport: k.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return "", 0, "", &trouble{err: fmt.Errorf("fetch %s: %w", f.ID, err), away: true}
	}
	defer func() { _ = answer.Body.Close() }()
	switch {
	case answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone:
		return "", 0, "it was deleted before drbot copied it", nil
	case answer.StatusCode == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return "", 0, "", &trouble{err: errors.New("slack limits downloads"), code: "ratelimited", away: true, again: time.Duration(max(seconds, 1)) * time.Second}
	case answer.StatusCode != http.StatusOK && answer.StatusCode < 500, signInPage(answer, f):
		return "", 0, "", &trouble{err: fmt.Errorf("fetch %s: slack answers %s: does the token have files:read?", f.ID, answer.Status), code: "missing_scope", away: true, again: time.Minute}
	case answer.StatusCode != http.StatusOK:
		return "", 0, "", &trouble{err: fmt.Errorf("fetch %s: slack answers %s", f.ID, answer.Status), away: true}
	}
	return k.write(answer.Body, f)
}

// signInPage tells Slack's sign-in page, which it answers with where the token does not suffice, from a file.
func signInPage(answer *http.Response, f incident.File) bool {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return kind == "text/html" && f.Type != "text/html" && answer.Header.Get("Content-Disposition") == ""
}

// atSlack reports whether an address is Slack's, or of the host that stands in for it (SLACK_API_URL).
func (b *Bot) atSlack(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if own, err := url.Parse(b.APIURL); b.APIURL != "" && err == nil && own.Host == u.Host && own.Scheme == u.Scheme {
		return true
	}
	host := u.Hostname()
	for _, slack := range []string{"slack.com", "slack-gov.com"} {
		if u.Scheme == "https" && (host == slack || strings.HasSuffix(host, "."+slack)) {
			return true
		}
	}
	return false
}

// write puts the bytes durably under their digest.
func (k keeper) write(body io.Reader, f incident.File) (digest string, size int64, why string, err error) {
	disk := func(err error) error {
		return follow.Unavailable{Err: fmt.Errorf("keep %s: %w", f.ID, err), NotSent: true}
	}
	if err := os.MkdirAll(k.Files, 0o700); err != nil {
		return "", 0, "", disk(err)
	}
	part, err := os.CreateTemp(k.Files, ".part-*")
	if err != nil {
		return "", 0, "", disk(err)
	}
	defer func() { _ = os.Remove(part.Name()) }()
	hash, net := sha256.New(), &download{Reader: io.LimitReader(body, incident.MaxKeptFile+1)}
	size, err = io.Copy(io.MultiWriter(part, hash), net)
	if err == nil {
		err = part.Sync()
	}
	err = errors.Join(err, part.Close())
	switch {
	case net.err != nil:
		return "", 0, "", &trouble{err: fmt.Errorf("fetch %s: %w", f.ID, net.err), away: true}
	case err != nil:
		return "", 0, "", disk(err)
	case size > incident.MaxKeptFile:
		return "", 0, "it is longer than 20 MB", nil
	}
	digest = hex.EncodeToString(hash.Sum(nil))
	if err := os.Rename(part.Name(), filepath.Join(k.Files, digest)); err != nil {
		return "", 0, "", disk(err)
	}
	dir, err := os.Open(k.Files)
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return "", 0, "", disk(err)
	}
	return digest, size, "", nil
}

// download remembers that it was the reading that failed, and not the disk.
type download struct {
	io.Reader
	err error
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		d.err = err
	}
	return n, err
}
