package mailtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
)

// maxLine is the longest line of a mail in bytes, without its end (RFC 5321, 4.5.3.1.6).
const maxLine = 998

var errHungUp = errors.New("hung up as told")

// session is one connection.
type session struct {
	s        *Server
	conn     net.Conn
	r        *bufio.Reader
	isSecure bool
	greeted  bool
	user     string
	from     string
	to       []string
	began    bool // MAIL was said
}

func (c *session) secure(conn net.Conn) error {
	protected := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{c.s.cert}, MinVersion: tls.VersionTLS12})
	if err := protected.Handshake(); err != nil {
		return err
	}
	c.conn, c.isSecure = protected, true
	c.r = bufio.NewReader(protected)
	return nil
}

// reply answers; a trouble at that command answers instead.
func (c *session) reply(at, detail, usual string) error {
	trouble, is := c.s.troubled(at, detail)
	if is && (trouble.Reply != "" || !trouble.HangUp) {
		usual = trouble.Reply
	}
	if !is || trouble.Reply != "" {
		if _, err := c.conn.Write([]byte(usual + "\r\n")); err != nil {
			return err
		}
	}
	if is && trouble.HangUp {
		_ = c.conn.Close() // nobody reads it any more
		return errHungUp
	}
	if is && usual[0] != '2' && usual[0] != '3' {
		return errRefused
	}
	return nil
}

var errRefused = errors.New("refused as told")

func (c *session) line() (string, error) {
	raw, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(raw, "\r\n") {
		c.s.fault("a line ends without CR: %q", raw)
	}
	return strings.TrimRight(raw, "\r\n"), nil
}

func (c *session) talk() error {
	if err := c.reply("GREETING", "", "220 mail.test ESMTP"); err != nil {
		return err
	}
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "QUIT":
			_, err := c.conn.Write([]byte("221 bye\r\n"))
			return err
		case "NOOP", "RSET":
			c.began, c.to = false, nil
			_, err = c.conn.Write([]byte("250 ok\r\n"))
		case "EHLO":
			err = c.ehlo(rest)
		case "HELO": // an old greeting, after the new one was refused: nothing else is offered
			c.greeted = true
			_, err = c.conn.Write([]byte("250 mail.test\r\n"))
		case "*": // an exchange of AUTH that the client gave up (RFC 4954, 4)
			_, err = c.conn.Write([]byte("501 5.7.0 given up\r\n"))
		case "STARTTLS":
			err = c.startTLS()
		case "AUTH":
			err = c.auth(rest)
		case "MAIL":
			err = c.mailFrom(rest)
		case "RCPT":
			err = c.rcptTo(rest)
		case "DATA":
			err = c.data()
		default:
			c.s.fault("unknown command %q", line)
			_, err = c.conn.Write([]byte("500 unknown\r\n"))
		}
		if err != nil && !errors.Is(err, errRefused) {
			return err
		}
	}
}

func (c *session) ehlo(name string) error {
	if name == "" {
		c.s.fault("EHLO without a name")
	}
	c.greeted = true
	list := []string{"mail.test", "SIZE 1000000", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if !c.isSecure && !c.s.NoTLS {
		list = append(list, "STARTTLS")
	}
	if c.s.User != "" && (c.isSecure || c.s.NoTLS) {
		list = append(list, "AUTH PLAIN LOGIN")
	}
	text := ""
	for k, word := range list {
		sign := "-"
		if k == len(list)-1 {
			sign = " "
		}
		text += "250" + sign + word + "\r\n"
	}
	return c.reply("EHLO", "", strings.TrimSuffix(text, "\r\n"))
}

func (c *session) startTLS() error {
	if c.isSecure || c.s.NoTLS {
		c.s.fault("STARTTLS where it was not offered")
	}
	if err := c.reply("STARTTLS", "", "220 go ahead"); err != nil {
		return err
	}
	c.greeted = false // RFC 3207: everything that was known is forgotten
	return c.secure(c.conn)
}

func (c *session) auth(rest string) error {
	if !c.isSecure && !c.s.NoTLS {
		c.s.fault("a password on an open line")
	}
	kind, first, _ := strings.Cut(rest, " ")
	decode := func(s string) string {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			c.s.fault("AUTH is no base64: %v", err)
		}
		return string(b)
	}
	ask := func(what string) (string, error) {
		if _, err := c.conn.Write([]byte("334 " + base64.StdEncoding.EncodeToString([]byte(what)) + "\r\n")); err != nil {
			return "", err
		}
		line, err := c.line()
		return decode(line), err
	}
	var user, password string
	var err error
	switch strings.ToUpper(kind) {
	case "PLAIN":
		text := decode(first)
		if first == "" {
			if text, err = ask(""); err != nil {
				return err
			}
		}
		parts := strings.Split(text, "\x00")
		if len(parts) != 3 {
			c.s.fault("AUTH PLAIN has %d parts", len(parts))
			return c.reply("AUTH", "", "501 no")
		}
		user, password = parts[1], parts[2]
	case "LOGIN":
		if user, err = ask("Username:"); err == nil {
			password, err = ask("Password:")
		}
		if err != nil {
			return err
		}
	default:
		return c.reply("AUTH", "", "504 not this one")
	}
	if user != c.s.User || password != c.s.Password {
		return c.reply("AUTH", "", "535 5.7.8 wrong user or password")
	}
	c.user = user
	return c.reply("AUTH", "", "235 2.7.0 welcome")
}

func path(rest, word string) (string, bool) {
	if len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) {
		return "", false
	}
	inner := strings.TrimPrefix(rest[len(word):], "<")
	address, _, ok := strings.Cut(inner, ">")
	return address, ok
}

func (c *session) mailFrom(rest string) error {
	from, ok := path(rest, "FROM:")
	switch {
	case !c.greeted:
		c.s.fault("MAIL before EHLO")
	case !ok:
		c.s.fault("MAIL without a path: %q", rest)
	case c.began:
		c.s.fault("MAIL within a mail")
	case c.s.User != "" && c.user == "":
		return c.reply("MAIL", from, "530 5.7.0 who are you?")
	}
	err := c.reply("MAIL", from, "250 2.1.0 ok")
	if err == nil {
		c.began, c.from, c.to = true, from, nil
	}
	return err
}

func (c *session) rcptTo(rest string) error {
	to, ok := path(rest, "TO:")
	if !ok || !c.began {
		c.s.fault("RCPT out of order or without a path: %q", rest)
	}
	err := c.reply("RCPT", to, "250 2.1.5 ok")
	if err == nil {
		c.to = append(c.to, to)
	}
	return err
}

func (c *session) data() error {
	if len(c.to) == 0 {
		c.s.fault("DATA without a recipient")
		c.to = []string{""}
	}
	if err := c.reply("DATA", c.to[0], "354 go ahead"); err != nil {
		return err
	}
	var raw bytes.Buffer
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		if line == "." {
			break
		}
		if len(line) > maxLine {
			c.s.fault("a line of %d bytes", len(line))
		}
		raw.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
	}
	c.judge(raw.Bytes())
	mails := make([]Mail, len(c.to))
	for k, to := range c.to {
		mails[k] = Mail{From: c.from, To: to, Raw: raw.Bytes(), Secure: c.isSecure, User: c.user}
	}
	c.began, c.to = false, nil
	c.s.taking.Lock()
	defer c.s.taking.Unlock()
	err := c.reply("END", mails[0].To, "250 2.0.0 kept")
	if errors.Is(err, errRefused) {
		return err
	}
	for k := range mails {
		mails[k].Lost = err != nil
	}
	c.s.mu.Lock()
	c.s.mails = append(c.s.mails, mails...)
	c.s.mu.Unlock()
	return err
}

// judge finds what is wrong with the mail itself.
func (c *session) judge(raw []byte) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		c.s.fault("the mail cannot be read: %v", err)
		return
	}
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if bytes.ContainsFunc(head, func(r rune) bool { return r > 126 || r < 32 && r != '\r' && r != '\n' && r != '\t' }) {
		c.s.fault("a header is not ASCII: %q", head)
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-ID"} {
		if n := len(m.Header[textName(name)]); n != 1 {
			c.s.fault("the mail has %d of %s", n, name)
		}
	}
	if _, err := m.Header.Date(); err != nil {
		c.s.fault("its date cannot be read: %v", err)
	}
	if id := m.Header.Get("Message-ID"); !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, ">") || strings.Count(id, "@") != 1 {
		c.s.fault("its Message-ID is none: %s", fmt.Sprintf("%q", id))
	}
}

func textName(name string) string {
	if name == "Message-ID" {
		return "Message-Id"
	}
	return name
}
