package bolt_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
)

// kindsOf are the names of all events, those first on which others hang.
func kindsOf(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("../../incident/event.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(source), "range []Event{")
	table, _, _ = strings.Cut(table, "\n\t} {")
	list := []string{"Opened", "RunPlanned", "UpdateSent", "ApprovalAsked"}
	for _, m := range regexp.MustCompile(`(\w+)\{\}`).FindAllStringSubmatch(table, -1) {
		if m[1] != (incident.Redacted{}).EventKind() && !slices.Contains(list, m[1]) {
			list = append(list, m[1])
		}
	}
	if len(list) < 80 {
		t.Fatalf("found %q", list)
	}
	return list
}

// worded is an event of a kind with a word of its own in every field that a redaction blanks, and the same name in all others,
// so that events are about the same things.
func worded(t *testing.T, kind string, on bool) incident.Event {
	t.Helper()
	zero, err := incident.Decode(kind, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	f := filler{kind: strings.ToLower(kind), on: on}
	f.fill(v, 0)
	payload, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatal(kind, err)
	}
	left, err := state.Left(payload)
	if err != nil {
		t.Fatal(kind, err)
	}
	for _, kept := range regexp.MustCompile(`word-\w+-\d+-`).FindAllString(string(left), -1) {
		payload = []byte(strings.ReplaceAll(string(payload), kept, "s1"))
	}
	e, err := incident.Decode(kind, payload)
	if err != nil {
		t.Fatalf("%s %s: %v", kind, payload, err)
	}
	return e
}

type filler struct {
	kind string
	on   bool
	n    int
}

func (f *filler) fill(v reflect.Value, deep int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		f.n++
		v.SetString(fmt.Sprintf("word-%s-%d-", f.kind, f.n))
	case reflect.Bool:
		v.SetBool(f.on)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		if deep < 6 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), deep+1)
		}
	case reflect.Slice:
		if deep < 6 && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			f.fill(v.Index(0), deep+1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if key.Kind() == reflect.String {
			key.SetString("s1")
		}
		f.fill(value, deep+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for k := range v.NumField() {
			if v.Type().Field(k).IsExported() {
				f.fill(v.Field(k), deep+1)
			}
		}
	}
}

// TestI42_NothingKeepsTheWordsOfARedactedRecord of whatever kind: neither the fold as it is stored, nor as it is folded again,
// nor what is indexed of it, nor an answer that is kept.
func TestI42_NothingKeepsTheWordsOfARedactedRecord(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		for _, house := range []bool{false, true} {
			t.Run(fmt.Sprintf("%t %t", on, house), func(t *testing.T) {
				t.Parallel()
				nothingKeeps(t, on, house)
			})
		}
	}
}

func nothingKeeps(t *testing.T, on, house bool) {
	s := open(t, t.TempDir(), "paper")
	all := kindsOf(t)
	happens := func(k int) {
		e := worded(t, all[k], on)
		answer, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		c := state.Change{Keys: []string{"k" + all[k]}, Target: state.Ref{ID: 1}, Decide: func(state.View) (state.Decision, error) {
			if house {
				return state.Decision{House: []incident.Event{e}}, nil
			}
			return state.Decision{Events: []incident.Event{e}, Answer: answer}, nil
		}}
		if c.New = k == 0; c.New || house {
			c.Target = state.Ref{}
		}
		if _, err := s.Do(t.Context(), c); err != nil {
			t.Fatal(all[k], err)
		}
	}
	for k := range all {
		happens(k)
	}
	held := 0
	for seq := uint64(1); seq <= uint64(len(all)); seq++ {
		words, before := wordsOf(t, s, seq), everything(t, s, house)
		if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(before, word) }) {
			held++
		}
		if err := s.Redact(t.Context(), seq, ana, "pw"); err != nil {
			t.Fatal(all[seq-1], err)
		}
		kept := everything(t, s, house)
		for _, word := range words {
			if strings.Contains(kept, word) {
				t.Errorf("%s: %s is in %s", all[seq-1], word, kept)
			}
		}
		if _, err := s.Verify(t.Context()); err != nil { // folds it again, and compares
			t.Fatal(all[seq-1], err)
		}
	}
	if held < 3 || held < 20 && !house {
		t.Errorf("only %d kinds had words that a fold keeps", held)
	}
	for seq := uint64(1); seq <= uint64(len(all)); seq++ {
		r, err := s.Do(t.Context(), state.Change{Keys: []string{"k" + all[seq-1]}, Decide: func(state.View) (state.Decision, error) { return state.Decision{}, nil }})
		if err != nil || !r.Again || strings.Contains(string(r.Answer), "word-") {
			t.Errorf("%s: answered again %+v %v", all[seq-1], r, err)
		}
	}
}

func wordsOf(t *testing.T, s *bolt.Store, seq uint64) []string {
	t.Helper()
	for r, err := range s.All(t.Context(), seq-1) {
		if err != nil {
			t.Fatal(err)
		}
		words, err := state.Words(r.Payload)
		if err != nil {
			t.Fatal(err)
		}
		return words
	}
	t.Fatalf("no record %d", seq)
	return nil
}

// everything is what a store gives but for its records.
func everything(t *testing.T, s *bolt.Store, house bool) string {
	t.Helper()
	h, err := s.House(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := []any{h}
	if !house {
		i, err := s.Incident(t.Context(), state.Ref{ID: 1})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.List(t.Context(), state.Query{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i, list)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
