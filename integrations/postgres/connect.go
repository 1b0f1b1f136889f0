package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/drbot/drbot/incident"
)

const (
	connectTimeout = 10 * time.Second
	// answerCancel is how long the server may take to say that it cancelled, before the connection is cut.
	answerCancel = 3 * time.Second
)

// bare is what ParseConfig gets: it must make a Config, and every place where it would look by itself is closed here. All
// that decides where to connect is set after it.
const bare = "host=/nowhere user=nobody dbname=none passfile=/dev/null sslmode=disable"

func (e Executor) connect(ctx context.Context, w incident.Work) (*pgconn.PgConn, error) {
	for _, name := range []string{"PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGPASSWORD", "PGOPTIONS", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGTARGETSESSIONATTRS"} {
		if os.Getenv(name) != "" { // a step's environment has none of them
			return nil, fmt.Errorf("%s is set in the environment", name)
		}
	}
	c, err := pgconn.ParseConfig(bare)
	if err != nil {
		return nil, fmt.Errorf("connection: %w", err)
	}
	s := w.Server
	c.Host, c.Port, c.Database, c.User, c.Password = s.Host, uint16(s.Port), s.Database, s.User, w.Password
	c.Fallbacks, c.ValidateConnect, c.ConnectTimeout = nil, nil, connectTimeout
	if c.TLSConfig, err = encryption(s); err != nil {
		return nil, err
	}
	c.RuntimeParams = map[string]string{
		"application_name": "drbot", "client_encoding": "UTF8", "standard_conforming_strings": "on", "DateStyle": "ISO", "TimeZone": "UTC", "bytea_output": "hex",
	}
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: answerCancel}
	}
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if e.Notes != nil {
			_, _ = fmt.Fprintf(e.Notes, "%s: %s\n", n.Severity, n.Message)
		}
	}
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connect to postgres at %s port %d: %w", s.Host, s.Port, unreached(err))
	}
	return conn, watched(ctx, conn)
}

// unreached is why there is no connection, without the address again.
func unreached(err error) error {
	var refused *net.OpError
	var failed *pgconn.ConnectError
	switch {
	case errors.As(err, &refused) && refused.Err != nil:
		return refused.Err
	case errors.As(err, &failed) && code(err) == "" && failed.Unwrap() != nil:
		return failed.Unwrap()
	}
	return said(err)
}

// watched lets the server look every second whether its client is still there, so that a step that was killed does
// not go on in the server. Before PostgreSQL 14 it cannot.
func watched(ctx context.Context, conn *pgconn.PgConn) error {
	if major, err := strconv.ParseFloat(leadingNumber(conn.ParameterStatus("server_version")), 64); err != nil || major < 14 {
		return nil
	}
	if _, err := conn.ExecParams(ctx, "SET client_connection_check_interval = '1s'", nil, nil, nil, nil).Close(); err != nil {
		_ = conn.Close(ctx)
		return fmt.Errorf("prepare the session: %w", said(err))
	}
	return nil
}

func leadingNumber(version string) string {
	n := 0
	for n < len(version) && (version[n] >= '0' && version[n] <= '9' || version[n] == '.') {
		n++
	}
	return version[:n]
}

func encryption(s incident.Server) (*tls.Config, error) {
	encrypted, roots := s.Encrypted()
	if !encrypted {
		return nil, nil
	}
	c := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if roots == "" {
		return c, nil
	}
	pem, err := os.ReadFile(roots)
	if err != nil {
		return nil, fmt.Errorf("roots of TLS: %w", err)
	}
	if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("roots of TLS: no certificate in %s", roots)
	}
	return c, nil
}

// Identify reads who the server is. The system identifier is made by initdb and stays with the cluster and its copies; together
// with being in recovery or not it tells a primary from its standby and from a restored copy.
func (e Executor) Identify(ctx context.Context, w incident.Work) ([]incident.Var, error) {
	conn, err := e.connect(ctx, w)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	r := conn.ExecParams(ctx, `SELECT pg_catalog.current_database(), (SELECT system_identifier FROM pg_catalog.pg_control_system()),
		pg_catalog.current_setting('server_version'), CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'yes' ELSE 'no' END`, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return nil, fmt.Errorf("read who the server is: %w", said(r.Err))
	}
	if len(r.Rows) != 1 {
		return nil, fmt.Errorf("read who the server is: %d rows", len(r.Rows))
	}
	row := r.Rows[0]
	lines := []incident.Var{{Name: "server", Value: w.Server.Host}, {Name: "port", Value: strconv.Itoa(w.Server.Port)}}
	for k, name := range []string{"database", "system identifier", "server version", "in recovery"} {
		lines = append(lines, incident.Var{Name: name, Value: string(row[k])})
	}
	return lines, nil
}
