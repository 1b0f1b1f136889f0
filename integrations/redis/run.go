// Package redis runs the texts of the redis interpreter: one command a line, on one connection, in order.
//
// Words are read by runbook.Words (mvdan.cc/sh), so that the risk of a text is judged on the words that are
// sent. A parameter is a whole word and goes to the server as it is: Redis' protocol has no quoting to break out of. The
// first error reply, also one inside a transaction's answer, ends the text. A command is never sent twice.
package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/runbook"
)

const connectTimeout = 10 * time.Second

// Executor is the interpreter redis.
type Executor struct{}

// Interpreter is its name in the lock.
func (Executor) Interpreter() string { return runbook.Redis }

// Server is the kind of server that it speaks to.
func (Executor) Server() string { return incident.Redis }

// unfit are commands that change how the connection speaks, or whose answer never ends.
var unfit = strings.Fields("SUBSCRIBE PSUBSCRIBE SSUBSCRIBE MONITOR SYNC PSYNC HELLO AUTH QUIT RESET")

// Run sends the commands in order.
func (Executor) Run(ctx context.Context, w incident.Work, out io.Writer) error {
	lines, err := runbook.Words(w.Script)
	if err != nil {
		return err
	}
	commands := make([][]any, len(lines))
	for k, line := range lines { // all of them before the first one is sent
		if commands[k], err = bind(line, w.Values); err != nil {
			return fmt.Errorf("command %d: %w", k+1, err)
		}
	}
	if found := runbook.InferRisk(runbook.Redis, w.Script); w.ReadOnly && found.Risk != runbook.Read {
		return fmt.Errorf("a step that reads cannot run this: %s", strings.Join(found.Why, ", "))
	}
	conn, closed, err := connect(w)
	if err != nil {
		return err
	}
	defer closed()
	for k, args := range commands {
		reply, err := conn.Do(ctx, args...).Result()
		if err == nil || errors.Is(err, redis.Nil) {
			err = print(out, args, reply)
		}
		if err != nil {
			return fmt.Errorf("command %d, %v: %w", k+1, args[0], err)
		}
	}
	return nil
}

func bind(line []runbook.Word, values map[string]string) ([]any, error) {
	var args []any
	for _, word := range line {
		if !word.Parameter {
			args = append(args, word.Text)
			continue
		}
		v, ok := values[word.Text]
		if !ok {
			return nil, fmt.Errorf("parameter :%s has no value", word.Text)
		}
		args = append(args, v)
	}
	name := strings.ToUpper(line[0].Text)
	if slices.Contains(unfit, name) || name == "CLIENT" && len(line) > 1 && strings.EqualFold(line[1].Text, "REPLY") {
		return nil, fmt.Errorf("%s is not for a step", name)
	}
	return args, nil
}

// connect makes a client with one connection that never tries again by itself: a command whose answer was lost may
// have been carried out.
func connect(w incident.Work) (*redis.Conn, func(), error) {
	s := w.Server
	o := &redis.Options{
		Network: "tcp", Addr: s.Host + ":" + strconv.Itoa(s.Port), Username: s.User, Password: w.Password, Protocol: 2, ClientName: "drbot",
		MaxRetries: -1, DialTimeout: connectTimeout, ReadTimeout: -1, WriteTimeout: -1, ContextTimeoutEnabled: true, PoolSize: 1,
		DisableIdentity: true, DialerRetries: 1,
	}
	if strings.Contains(s.Host, ":") {
		o.Addr = "[" + s.Host + "]:" + strconv.Itoa(s.Port)
	}
	if strings.HasPrefix(s.Host, "/") {
		o.Network, o.Addr = "unix", s.Host
	}
	if s.Database != "" {
		var err error
		if o.DB, err = strconv.Atoi(s.Database); err != nil {
			return nil, nil, fmt.Errorf("database %q is no number", s.Database)
		}
	}
	if encrypted, roots := s.Encrypted(); encrypted {
		o.TLSConfig = &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
		if roots != "" {
			pem, err := os.ReadFile(roots)
			if err != nil {
				return nil, nil, fmt.Errorf("roots of TLS: %w", err)
			}
			if o.TLSConfig.RootCAs = x509.NewCertPool(); !o.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
				return nil, nil, fmt.Errorf("roots of TLS: no certificate in %s", roots)
			}
		}
	}
	redis.SetLogger(silent{}) // what it would print is in the error that it returns
	client := redis.NewClient(o)
	conn := client.Conn()
	return conn, func() { _ = conn.Close(); _ = client.Close() }, nil
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// prose are commands whose answer is a text of lines, and is printed as one.
var prose = strings.Fields("INFO CLIENT.LIST CLIENT.INFO CLUSTER.INFO CLUSTER.NODES MEMORY.DOCTOR LOLWUT")

// print writes an answer: a line a value, a pair of CONFIG GET or HGETALL on one line, \N for nothing. An error inside of it
// is returned.
func print(out io.Writer, args []any, reply any) error {
	name := strings.ToUpper(fmt.Sprint(args[0]))
	sub := name
	if len(args) > 1 {
		sub += "." + strings.ToUpper(fmt.Sprint(args[1]))
	}
	if text, ok := reply.(string); ok && (slices.Contains(prose, name) || slices.Contains(prose, sub)) {
		_, err := io.WriteString(out, strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")+"\n")
		return err
	}
	list, ok := reply.([]any)
	if !ok {
		list = []any{reply}
	}
	width := 1
	if sub == "CONFIG.GET" || name == "HGETALL" {
		width = 2
	}
	for part := range slices.Chunk(list, width) {
		cells := make([]string, len(part))
		for k, v := range part {
			var err error
			if cells[k], err = cell(v); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(out, strings.Join(cells, "\t")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

var cellEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func cell(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return `\N`, nil
	case error:
		return "", v
	case string:
		return cellEscapes.Replace(v), nil
	case []any:
		cells := make([]string, len(v))
		for k := range v {
			var err error
			if cells[k], err = cell(v[k]); err != nil {
				return "", err
			}
		}
		return "[" + strings.Join(cells, " ") + "]", nil
	}
	return fmt.Sprint(v), nil
}

// Identify gives where the server is. Redis has nothing that stays the same over a restart and that it would tell a
// client; a procedure that stops and starts it needs an identity that stays. The target's probe adds the directory of its data.
func (Executor) Identify(_ context.Context, w incident.Work) ([]incident.Var, error) {
	lines := []incident.Var{{Name: "server", Value: w.Server.Host}}
	if w.Server.Port != 0 {
		lines = append(lines, incident.Var{Name: "port", Value: strconv.Itoa(w.Server.Port)})
	}
	return lines, nil
}
