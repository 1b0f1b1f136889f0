package postgres

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/drbot/drbot/integrations/postgres/pgtest"
)

func itoa(n int) string { return strconv.Itoa(n) }

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

// texts are what a splitter gets wrong. None has a parameter: psql would paste it.
var texts = []string{
	"SELECT 1; SELECT 2", "SELECT 'a;b'; SELECT 2;", `SELECT "a;b" FROM (SELECT 1 AS "a;b") x; SELECT 2`, "SELECT 'it''s; one'; SELECT 2", `SELECT E'it\'s; one'; SELECT 2`,
	`SELECT e'a\\'; SELECT 2`, `SELECT 'a\'; SELECT 2`, `SELECT U&'\0061;'; SELECT 2`, `SELECT B'1', X'ff', N'x;'; SELECT 2`, "SELECT $$;$$; SELECT $a$ $$;$b$ $a$; SELECT 3",
	"SELECT $é$;$é$; SELECT 2", "SELECT 1 AS a$b$c; SELECT 2 AS x$; SELECT 3", "-- a;b\nSELECT 1; SELECT 2 -- c;d", "/* a; /* b; */ c; */ SELECT 1; SELECT /* ; */ 2", "SELECT 1 /* ' */; SELECT 2 -- '\n; SELECT 3",
	"SELECT (SELECT count(*) FROM (VALUES (1), (2)) v); SELECT 2", "SELECT '{1,2}'::int[]; SELECT ('{1,2,3}'::int[])[1:2]; SELECT 3", "SELECT 'a'\n 'b\\'; SELECT 2", "SELECT E'a' 'b'; SELECT 2",
	"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT f()",
	"CREATE PROCEDURE p() BEGIN ATOMIC; END; SELECT 1", "CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$; SELECT g(); BEGIN; SELECT 2; END; SELECT 3",
	"SELECT CASE WHEN true THEN 1 END; SELECT 2", "SELECT 1e5, 0.5, .5, 1.; SELECT 2", "SELECT 1;;; SELECT 2", "SELECT 1\n;\n\n\tSELECT 2\n", "SELECT 1 AS \"\"\"\"; SELECT 2", "SELECT 'a' 'b' AS x", "SELECT é FROM (SELECT 1 AS é) x; SELECT 2",
	"DO $$ BEGIN PERFORM 1; END $$; SELECT 2", "SELECT 5 - -3; SELECT 5 --3\n; SELECT 6", "SELECT '--'; SELECT '/*'; SELECT '*/'", "SELECT 1 AS create; SELECT 2", "select begin from (select 1 as begin) x; select 2",
}

// splitsAsPsql holds the scanner against psql itself, which prints each statement as it sends it.
func splitsAsPsql(t *testing.T, s *pgtest.Server) {
	for _, text := range texts {
		list, err := split(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		cmd := s.Command(t, "psql", "-X", "-q", "-t", "-A", "-e", "-o", "/dev/null", "-f", "-")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.Output() // a statement may fail; that it was cut off is what counts
		if len(out) == 0 {
			t.Fatalf("psql says nothing: %v", err)
		}
		rest := string(out)
		for k, st := range list {
			one := strings.TrimSpace(leading.ReplaceAllString(st.pieces[0].text, ""))
			after, ok := strings.CutPrefix(rest, one)
			end := ending.FindString(after)
			if !ok || end == "" {
				t.Errorf("%s\nstatement %d: here %q, psql has %q", text, k+1, one, rest)
				break
			}
			rest = after[len(end):]
		}
		if strings.TrimSpace(rest) != "" {
			t.Errorf("%s\npsql has %q more", text, rest)
		}
	}
}

// psql leaves white space and line comments before a statement out.
var (
	leading = regexp.MustCompile(`^(\s|--[^\n]*\n)+`)
	ending  = regexp.MustCompile(`^\s*(;?\n)+`) // empty statements too
)

// FuzzSplit holds that nothing is lost or made up: the pieces are the text, in order.
func FuzzSplit(f *testing.F) {
	for _, text := range append(texts, "SELECT :A, :'B', :\"C\", a::int, x[1:2], y := 3", ":", "$", "'", "E'\\", "$a", ":'") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := split(text)
		if err != nil {
			return
		}
		rest := text
		for _, st := range list {
			for _, p := range st.pieces {
				n := strings.Index(rest, p.text)
				if n < 0 {
					t.Fatalf("%q: %q is not of it", text, p.text)
				}
				for _, c := range rest[:n] {
					if p.kind == plain && !strings.ContainsRune("; \t\r\n\f\v'\"", c) && !strings.Contains(text, "--") && !strings.Contains(text, "/*") {
						t.Fatalf("%q: %q is lost", text, rest[:n])
					}
				}
				rest = rest[n+len(p.text):]
			}
			if st.line < 1 || st.line > 1+strings.Count(text, "\n") {
				t.Fatalf("%q: line %d", text, st.line)
			}
		}
	})
}
