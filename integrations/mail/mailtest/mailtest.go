// Package mailtest is a strict mail server for tests: it speaks SMTP (RFC 5321) on a real port, with STARTTLS (RFC 3207) or
// TLS from the first byte, and AUTH (RFC 4954), and keeps every byte that it took.
//
// It forgives nothing: bare line feeds, lines over 998 bytes, headers that are not ASCII, a mail without From, Date or
// Message-ID, a password on an open line, commands out of order. What it finds is in Faults, and a test fails on them. It
// can be told to be slow with its answer, to refuse, and to hang up, at the worst instants.
package mailtest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Mail is one that was taken, or lost after its last byte.
type Mail struct {
	From, To string
	Raw      []byte // as it came, dots unstuffed
	Secure   bool   // over TLS
	User     string // who proved to be one; empty: nobody had to
	Lost     bool   // the server hung up before it answered
}

// Trouble is what the server does at a command instead of what it should.
type Trouble struct {
	Reply  string // "550 no such user"; empty: as usual
	HangUp bool   // after the reply; alone: instead of it
	Times  int    // how often; 0: for ever
}

// Server is the fake. Its fields are set before the first connection.
type Server struct {
	User, Password string // empty: nobody is asked
	Implicit       bool   // TLS from the first byte
	NoTLS          bool   // STARTTLS is not offered

	t        testing.TB
	listener net.Listener
	cert     tls.Certificate
	pool     *x509.CertPool
	done     sync.WaitGroup
	mu       sync.Mutex
	mails    []Mail
	faults   []string
	troubles map[string]*Trouble
	open     map[net.Conn]bool
	stopped  bool
	met      int
	taking   sync.Mutex // held from the answer to a mail until it is kept: whoever has the answer finds it
}

// New makes a server; Start opens its port.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, troubles: map[string]*Trouble{}, open: map[net.Conn]bool{}}
	s.certify()
	return s
}

// Start opens the port, or answers on it again after a Stop. The test's end closes it and fails on what was found.
func (s *Server) Start() *Server {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = false
	if s.listener != nil {
		return s
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatalf("mail server: %v", err)
	}
	s.listener = listener
	s.done.Go(func() { s.serve(listener) })
	s.t.Cleanup(func() {
		s.Stop()
		_ = listener.Close() // its loop ends by that
		s.done.Wait()
		for _, fault := range s.Faults() {
			s.t.Errorf("mail server: %s", fault)
		}
	})
	return s
}

// Stop hangs up on everybody, at once and until the next Start. The port stays taken: another test would get it.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for conn := range s.open {
		_ = conn.Close() // its reader ends by that
	}
}

// Port it listens on.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Roots trust the server's certificate.
func (s *Server) Roots() *tls.Config {
	return &tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12}
}

// Certificate is what its certificate is signed by, as PEM would hold it (DER).
func (s *Server) Certificate() []byte { return s.cert.Certificate[0] }

// Trouble makes the server misbehave at a command: GREETING, EHLO, AUTH, MAIL, RCPT, DATA, or END, the answer to a whole
// mail. "RCPT boss@example.com" is about one address. An empty Trouble ends one.
func (s *Server) Trouble(at string, what Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.troubles[at] = &what; what == (Trouble{}) {
		delete(s.troubles, at)
	}
}

// Mails are those that were taken, in their order.
func (s *Server) Mails() []Mail {
	s.taking.Lock()
	defer s.taking.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Connections is how many there were.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.met
}

// Faults are what a client did against the standard.
func (s *Server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.faults...)
}

func (s *Server) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// troubled takes the trouble that is due at a command.
func (s *Server) troubled(at, detail string) (Trouble, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{at + " " + detail, at} {
		if t := s.troubles[key]; t != nil {
			if t.Times > 0 {
				if t.Times--; t.Times == 0 {
					delete(s.troubles, key)
				}
			}
			return *t, true
		}
	}
	return Trouble{}, false
}

func (s *Server) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.stopped {
			_ = conn.Close() // it meets no trouble that is meant for the next
			s.mu.Unlock()
			continue
		}
		s.open[conn] = true
		s.met++
		s.mu.Unlock()
		s.done.Go(func() {
			defer func() {
				_ = conn.Close() // the client may have closed it
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
			}()
			s.session(conn)
		})
	}
}

func (s *Server) session(conn net.Conn) {
	c := &session{s: s, conn: conn}
	if s.Implicit {
		if c.secure(conn) != nil {
			return
		}
	}
	c.r = bufio.NewReader(c.conn)
	if err := c.talk(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, errHungUp) {
		return // the client is gone: what it left undone is its own affair
	}
}

// certify makes a certificate for 127.0.0.1 and localhost that signs itself.
func (s *Server) certify() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailtest"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, &key.PublicKey, key)
	if err != nil {
		s.t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	s.pool = x509.NewCertPool()
	s.pool.AddCert(parsed)
}

// Parts splits a mail into its headers, unfolded, and its body.
func (m Mail) Parts() (headers map[string]string, body string) {
	head, body, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
	headers = map[string]string{}
	name := ""
	for _, line := range strings.Split(head, "\r\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			headers[name] = strings.TrimSpace(headers[name] + " " + strings.TrimSpace(line))
			continue
		}
		var value string
		name, value, _ = strings.Cut(line, ":")
		headers[name] = strings.TrimSpace(value)
	}
	return headers, body
}
