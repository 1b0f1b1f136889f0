package terminal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrNobody means that no drbot answers on the socket; ErrForbidden that this account may not ask.
var (
	ErrNobody    = errors.New("no drbot is running here")
	ErrForbidden = errors.New("this account may not reach drbot's socket")
)

// Client is one subcommand's connection to the running drbot.
type Client struct {
	Socket  string
	Data    string // absolute data directory of the client's configuration
	Agent   string // SSH_AUTH_SOCK
	Key     string // authorized_keys line of the key that signs every line; empty: the agent's only one, where the account proves nobody
	Columns int    // of the terminal that answers are folded for; 0: they are not

	http *http.Client
}

// Dial finds the running drbot and makes sure that it works on the same data.
func Dial(ctx context.Context, c Client) (*Client, error) {
	c.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			name, release, err := reachable(c.Socket)
			if err != nil {
				return nil, err
			}
			defer release()
			return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", name)
		},
		MaxIdleConns: 1, IdleConnTimeout: time.Second,
	}}
	var h hello
	if err := c.call(ctx, http.MethodGet, "/v1/hello", nil, &h); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%w (%s)", ErrForbidden, c.Socket)
		}
		return nil, fmt.Errorf("%w (%s): %w", ErrNobody, c.Socket, err)
	}
	switch {
	case h.Version != Version:
		return nil, fmt.Errorf("the running drbot is %s and speaks another version of this socket; use its own program", h.Release)
	case c.Data != "" && h.Data != c.Data:
		return nil, fmt.Errorf("the drbot on %s keeps its record in %s, and this configuration says %s; name the right --config", c.Socket, h.Data, c.Data)
	}
	return &c, nil
}

// Close ends the connection.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Command sends one line. It is signed where a key is named, and where the account proves nobody and an ssh-agent is at
// hand.
func (c *Client) Command(ctx context.Context, r Request) (Answer, error) {
	if r.ID == "" {
		b := make([]byte, 12)
		if _, err := rand.Read(b); err != nil {
			return Answer{}, err
		}
		r.ID = fmt.Sprintf("%x", b)
	}
	if c.Key != "" {
		return c.signed(ctx, r)
	}
	var a Answer
	err := c.call(ctx, http.MethodPost, "/v1/command", r, &a)
	if err != nil || a.Kind != "unknown_person" || c.Agent == "" {
		return a, err
	}
	proved, err := c.signed(ctx, r)
	if err != nil {
		a.Text += " (" + err.Error() + ")"
		return a, nil
	}
	return proved, nil
}

// signed sends a line with the proof of an SSH key.
func (c *Client) signed(ctx context.Context, r Request) (a Answer, err error) {
	if c.Agent == "" {
		return a, errors.New("no ssh-agent is at hand to sign with: SSH_AUTH_SOCK is not set")
	}
	var n struct {
		Nonce string `json:"nonce"`
	}
	if err := c.call(ctx, http.MethodPost, "/v1/nonce", struct{}{}, &n); err != nil {
		return a, err
	}
	if r.Proof, err = sign(c.Agent, c.Key, n.Nonce, r); err != nil {
		return a, err
	}
	return a, c.call(ctx, http.MethodPost, "/v1/command", r, &a)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://drbot"+path, &body)
	if err != nil {
		return err
	}
	if c.Columns > 0 {
		req.Header.Set(columnsHeader, strconv.Itoa(c.Columns))
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	// A refusal is an Answer, whatever was asked for: taken for anything else it would be that, empty.
	if _, command := out.(*Answer); res.StatusCode != http.StatusOK && !command {
		return refused(res)
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("answer of the running drbot: %w", err)
	}
	return nil
}

// refused is what the running drbot said instead of what it was asked for.
func refused(res *http.Response) error {
	var a Answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || a.Text == "" {
		return fmt.Errorf("the running drbot answered %s", res.Status)
	}
	return fmt.Errorf("the running drbot: %s", a.Text)
}

// KeyFile reads the public key that the person named.
func KeyFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}
