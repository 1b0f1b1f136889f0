package runbook

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// SignatureNamespace is what a signature over a lock says it is for: `ssh-keygen -Y sign -n drbot-lock -f KEY LOCK`.
const SignatureNamespace = "drbot-lock"

// VerifyLock checks a signature over a lock's bytes, as ssh-keygen makes it, against allowed signers (the file of ssh-keygen(1), ALLOWED SIGNERS;
// certificate authorities are not followed). It gives the principal: the first name of the signer's line. A principal with * or ? names nobody
// and is refused. A trusted signature counts as acceptance of the lock (I5); who may accept is the caller's to say.
func VerifyLock(lock, sig, allowedSigners []byte) (principal string, err error) {
	return verifyLock(lock, sig, allowedSigners, time.Now())
}

// sshsig is the signature's form after the magic; OpenSSH: PROTOCOL.sshsig.
type sshsig struct {
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

const sigMagic = "SSHSIG"

func verifyLock(lock, sig, allowedSigners []byte, now time.Time) (string, error) {
	block, _ := pem.Decode(sig)
	if block == nil || block.Type != "SSH SIGNATURE" || !bytes.HasPrefix(block.Bytes, []byte(sigMagic)) {
		return "", errors.New("signature: not made by ssh-keygen -Y sign")
	}
	var s sshsig
	if err := ssh.Unmarshal(block.Bytes[len(sigMagic):], &s); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	if s.Version != 1 {
		return "", fmt.Errorf("signature: version %d; expected 1", s.Version)
	}
	if s.Namespace != SignatureNamespace {
		return "", fmt.Errorf("signature: for %q; expected -n %s", s.Namespace, SignatureNamespace)
	}
	key, err := ssh.ParsePublicKey(s.PublicKey)
	if err != nil {
		return "", fmt.Errorf("signature: key: %w", err)
	}
	if err := s.check(key, lock); err != nil {
		return "", err
	}
	return allowed(key, allowedSigners, now)
}

// check holds the signature against the lock's bytes.
func (s *sshsig) check(key ssh.PublicKey, lock []byte) error {
	var sum []byte
	switch s.Hash {
	case "sha256":
		h := sha256.Sum256(lock)
		sum = h[:]
	case "sha512":
		h := sha512.Sum512(lock)
		sum = h[:]
	default:
		return fmt.Errorf("signature: hash %q; expected sha256 or sha512", s.Hash)
	}
	var made ssh.Signature
	if err := ssh.Unmarshal(s.Signature, &made); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if made.Format == ssh.KeyAlgoRSA { // RSA with SHA-1
		return errors.New("signature: ssh-rsa; expected rsa-sha2-256 or rsa-sha2-512")
	}
	signed := append([]byte(sigMagic), ssh.Marshal(struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{s.Namespace, s.Reserved, s.Hash, sum})...)
	if err := key.Verify(signed, &made); err != nil {
		return errors.New("signature: it is not over these bytes, or not by this key")
	}
	return nil
}

// allowed finds the line of the key, in force now and for this namespace.
func allowed(key ssh.PublicKey, signers []byte, now time.Time) (string, error) {
	why := "the key " + ssh.FingerprintSHA256(key) + " is not among the allowed signers"
	for i, line := range strings.Split(string(signers), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		principals, rest, err := cutPrincipals(line)
		if err != nil {
			return "", fmt.Errorf("allowed signers: line %d: %w", i+1, err)
		}
		at, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
		if err != nil {
			return "", fmt.Errorf("allowed signers: line %d: %w", i+1, err)
		}
		if !bytes.Equal(at.Marshal(), key.Marshal()) {
			continue
		}
		if problem := unfit(options, now); problem != "" {
			why = fmt.Sprintf("allowed signers: line %d: %s", i+1, problem)
			continue
		}
		first, _, _ := strings.Cut(principals, ",")
		if first == "" || strings.ContainsAny(first, "*?!") {
			return "", fmt.Errorf("allowed signers: line %d: %q names nobody; expected a name", i+1, first)
		}
		return first, nil
	}
	return "", errors.New(why)
}

// cutPrincipals takes the first word off, which may be quoted.
func cutPrincipals(line string) (principals, rest string, err error) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		principals, rest, ok = strings.Cut(quoted, `"`)
		if !ok {
			return "", "", errors.New("a quote is left open")
		}
		return principals, strings.TrimSpace(rest), nil
	}
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return "", "", errors.New("expected: name, key type, key")
	}
	return fields[0], strings.TrimSpace(strings.TrimPrefix(line, fields[0])), nil
}

// unfit says why a line's options do not let it sign a lock now. An option that is not known makes the line unfit.
func unfit(options []string, now time.Time) string {
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "namespaces":
			if !slices.ContainsFunc(strings.Split(value, ","), func(n string) bool {
				ok, err := path.Match(n, SignatureNamespace)
				return err == nil && ok
			}) {
				return fmt.Sprintf("its namespaces are %s; expected %s", value, SignatureNamespace)
			}
		case "valid-after", "valid-before":
			t, err := signerTime(value)
			switch {
			case err != nil:
				return fmt.Sprintf("%s %q is no time", name, value)
			case strings.EqualFold(name, "valid-after") && now.Before(t):
				return "the key is not valid yet"
			case strings.EqualFold(name, "valid-before") && !now.Before(t):
				return "the key is not valid any more"
			}
		default:
			return fmt.Sprintf("option %q is not followed", name)
		}
	}
	return ""
}

// signerTime reads YYYYMMDD[HHMM[SS]][Z]; without Z it is the local time, as for ssh-keygen.
func signerTime(s string) (time.Time, error) {
	zone := time.Local
	if u, ok := strings.CutSuffix(s, "Z"); ok {
		s, zone = u, time.UTC
	}
	for _, layout := range []string{"20060102150405", "200601021504", "20060102"} {
		if len(s) == len(layout) {
			return time.ParseInLocation(layout, s, zone)
		}
	}
	return time.Time{}, &Error{Problem: "a time of another form", Want: "YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC"}
}
