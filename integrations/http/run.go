// Package http runs the texts of the http interpreter: requests that only look.
//
// One request a line, words quoted as in a shell: GET or HEAD, an address, and what is asked of it. The answer's status
// decides whether the step fails; the body is printed for the lock's expect. No redirect is followed that was not
// asked for, no proxy is used, nothing is kept between requests.
package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

const (
	defaultTimeout = 10 * time.Second // of one attempt
	maxAttempts    = 100
	maxBody        = 1 << 20 // bytes that are printed: as many as expect compares
)

// Executor is the interpreter http.
type Executor struct {
	Pause time.Duration // between two attempts; 0: a second
}

// Interpreter is its name in the lock.
func (Executor) Interpreter() string { return runbook.HTTP }

// Server is "": where to look stands in the text.
func (Executor) Server() string { return "" }

// Identify has nobody to ask.
func (Executor) Identify(context.Context, incident.Work) ([]incident.Var, error) { return nil, nil }

// request is one line.
type request struct {
	method, url string
	status      int // 0: any of 200 to 299
	timeout     time.Duration
	attempts    int
	redirects   int
	bearer      string
}

// Run sends the requests in order; the first that is not answered as it should be ends the text.
func (e Executor) Run(ctx context.Context, w incident.Work, out io.Writer) error {
	lines, err := runbook.Words(w.Script)
	if err != nil {
		return err
	}
	requests := make([]request, len(lines))
	for k, line := range lines {
		if requests[k], err = read(line, w.Values); err != nil {
			return fmt.Errorf("request %d: %w", k+1, err)
		}
	}
	for k, r := range requests {
		if err := e.send(ctx, r, out); err != nil {
			return fmt.Errorf("request %d, %s %s: %w", k+1, r.method, r.url, err)
		}
	}
	return nil
}

func read(line []runbook.Word, values map[string]string) (request, error) {
	r := request{method: line[0].Text, timeout: defaultTimeout, attempts: 1}
	if r.method != http.MethodGet && r.method != http.MethodHead || len(line) < 2 || line[1].Parameter {
		return r, errors.New("expected GET or HEAD and an address")
	}
	r.url = line[1].Text
	if u, err := url.Parse(r.url); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return r, fmt.Errorf("address %q; expected http://host/path without a name or password", r.url)
	}
	for _, word := range line[2:] {
		key, text, _ := strings.Cut(word.Text, "=")
		var err error
		if word.Parameter {
			key = "" // a word that is a parameter asks for nothing
		}
		switch key {
		case "status":
			r.status, err = number(text, 100, 599)
		case "timeout":
			if r.timeout, err = time.ParseDuration(text); err == nil && r.timeout <= 0 {
				err = errors.New("not positive")
			}
		case "attempts":
			r.attempts, err = number(text, 1, maxAttempts)
		case "redirects":
			r.redirects, err = number(text, 0, 10)
		case "bearer":
			r.bearer, err = token(text, values)
		default:
			err = errors.New("expected status, timeout, attempts, redirects or bearer")
		}
		if err != nil {
			return r, fmt.Errorf("%q: %w", word.Text, err)
		}
	}
	return r, nil
}

func number(text string, from, to int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < from || n > to {
		return 0, fmt.Errorf("expected a number from %d to %d", from, to)
	}
	return n, nil
}

// token is the value of :NAME. It never stands in the text, which people read.
func token(text string, values map[string]string) (string, error) {
	name, ok := strings.CutPrefix(text, ":")
	v := values[name]
	if !ok || v == "" {
		return "", errors.New("expected bearer=:NAME of a parameter that has a value")
	}
	if strings.ContainsFunc(v, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", fmt.Errorf("the value of %s cannot stand in a header", name)
	}
	return v, nil
}

func (e Executor) send(ctx context.Context, r request, out io.Writer) error {
	pause := e.Pause
	if pause == 0 {
		pause = time.Second
	}
	for n := 1; ; n++ {
		status, body, err := r.once(ctx)
		if err == nil && r.fits(status) {
			return print(out, status, body)
		}
		if n < r.attempts && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := print(out, status, body); err != nil {
			return err
		}
		return fmt.Errorf("answered %d, expected %s", status, r.expects())
	}
}

func (r request) fits(status int) bool {
	return status == r.status || r.status == 0 && status >= 200 && status < 300
}

func (r request) expects() string {
	if r.status == 0 {
		return "200 to 299"
	}
	return strconv.Itoa(r.status)
}

// once makes one attempt on a connection of its own.
func (r request) once(ctx context.Context) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("User-Agent", "drbot")
	if r.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > r.redirects {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	answer, err := client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // the address is said already
		}
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the body is over %d bytes", maxBody)
	}
	return answer.StatusCode, body, err
}

func print(out io.Writer, status int, body []byte) error {
	text := slices.Concat([]byte(fmt.Sprintf("HTTP %d\n", status)), body)
	if len(body) > 0 && body[len(body)-1] != '\n' {
		text = append(text, '\n')
	}
	_, err := out.Write(text)
	return err
}
