package terminal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// namespace keeps a signature for drbot from meaning anything elsewhere, and the other way round.
const namespace = "drbot-terminal-v1"

// signed is what the person's key signs: the namespace, the server's nonce and the whole request without its proof.
func signed(nonce string, r Request) ([]byte, error) {
	r.Proof = nil
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	return bytes.Join([][]byte{[]byte(namespace), []byte(nonce), sum[:]}, []byte{0}), nil
}

// nonces are single-use and live two minutes.
type nonces struct {
	mu  sync.Mutex
	now func() time.Time
	out map[string]time.Time
}

func (n *nonces) make() (string, error) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for old, at := range n.out {
		if n.now().Sub(at) > 2*time.Minute {
			delete(n.out, old)
		}
	}
	if len(n.out) >= 1024 {
		return "", errors.New("too many signatures are asked for at once")
	}
	nonce := base64.RawURLEncoding.EncodeToString(b)
	n.out[nonce] = n.now()
	return nonce, nil
}

func (n *nonces) spend(nonce string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.out[nonce]
	delete(n.out, nonce)
	return ok && n.now().Sub(at) <= 2*time.Minute
}

// verify checks a proof and gives the key's authorized_keys line.
func (n *nonces) verify(r Request) (string, error) {
	if !n.spend(r.Proof.Nonce) {
		return "", errors.New("the signature is for a question that was answered or is too old; try again")
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(r.Proof.PublicKey))
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	what, err := signed(r.Proof.Nonce, r)
	if err != nil {
		return "", err
	}
	if err := key.Verify(what, &ssh.Signature{Format: r.Proof.Format, Blob: r.Proof.Blob}); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), nil
}

// sign asks the person's ssh-agent for a signature by the key with the given authorized_keys line, or by its only key.
func sign(agentSocket, want, nonce string, r Request) (*Proof, error) {
	conn, err := net.Dial("unix", agentSocket)
	if err != nil {
		return nil, fmt.Errorf("reach ssh-agent: %w", err)
	}
	defer func() { _ = conn.Close() }()
	a := agent.NewClient(conn)
	keys, err := a.List()
	if err != nil {
		return nil, fmt.Errorf("list ssh-agent's keys: %w", err)
	}
	what, err := signed(nonce, r)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
		if want != "" && !strings.HasPrefix(want, line) || want == "" && len(keys) > 1 {
			continue
		}
		var flags agent.SignatureFlags
		if key.Type() == ssh.KeyAlgoRSA {
			flags = agent.SignatureFlagRsaSha512
		}
		sig, err := a.SignWithFlags(key, what, flags)
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		return &Proof{Nonce: nonce, PublicKey: line, Format: sig.Format, Blob: sig.Blob}, nil
	}
	if want == "" {
		return nil, errors.New("ssh-agent holds several keys or none; name yours with --ssh-key FILE.pub")
	}
	return nil, errors.New("ssh-agent does not hold that key; add it with ssh-add")
}
