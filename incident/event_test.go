package incident

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// declared finds every type of this package that has an EventKind method, by reading the sources: an event that is
// missing in the table of kinds could be written and never read.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "EventKind" && fn.Recv != nil {
				found[fn.Recv.List[0].Type.(*ast.Ident).Name] = true
			}
		}
	}
	return found
}

func TestEveryEventIsInTheTableUnderItsOwnName(t *testing.T) {
	names := declared(t)
	for name := range names {
		typ, ok := kinds[name]
		if !ok {
			t.Errorf("%s is not in the table of kinds", name)
			continue
		}
		if typ.Name() != name {
			t.Errorf("kind %s is the type %s", name, typ.Name())
		}
	}
	if len(names) != len(kinds) {
		t.Errorf("%d events are declared, %d are in the table", len(names), len(kinds))
	}
}

// filled sets every field to something that is not its zero value.
func filled(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x<&>\u2028é")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(9)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 25, 3, 14, 15, 926535000, time.UTC)))
			return
		}
		for k := range v.NumField() {
			filled(v.Field(k))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		filled(key)
		filled(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	}
}

func TestEveryEventComesBackAsItWasWritten(t *testing.T) {
	for name, typ := range kinds {
		v := reflect.New(typ).Elem()
		filled(v)
		e := v.Interface().(Event)
		b, err := Encode(e)
		if err != nil {
			t.Fatal(name, err)
		}
		back, err := Decode(name, b)
		if err != nil {
			t.Fatal(name, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Errorf("%s: wrote %+v, read %+v", name, e, back)
		}
	}
	if _, err := Decode("Invented", []byte("{}")); err == nil {
		t.Error("a kind that this version does not know was read")
	}
}

// TestI52_FoldIsItsOwnJSON: the stored fold reads back as the fold, whatever is in it; then the store can compare bytes.
func TestI52_FoldIsItsOwnJSON(t *testing.T) {
	i := New(42)
	filled(reflect.ValueOf(i).Elem())
	b, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	back := New(42)
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(i, back) {
		t.Errorf("wrote %+v\nread  %+v", i, back)
	}
	if clone := i.Clone(); !reflect.DeepEqual(i, clone) {
		t.Errorf("the clone differs: %+v", clone)
	}
}

// TestCloneSharesNothingThatApplyChanges folds a hard story on a clone and finds the original untouched.
func TestCloneSharesNothingThatApplyChanges(t *testing.T) {
	i := New(42)
	filled(reflect.ValueOf(i).Elem())
	i.State, i.Runs[0].State, i.Runs[0].Steps[0].ID = StateOpen, Running, "p1.s1"
	before, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	c := i.Clone()
	for k, e := range []Event{
		RoleTaken{Role: Scribe, Who: Person{Key: "a"}}, RoleLeft{Role: Commander}, Pinned{Channel: "C", TS: "1"}, ItemDone{Item: i.Checklist[0].ID},
		ItemAssigned{Item: i.Checklist[0].ID, Who: Person{Key: "b"}}, DeadlineSpoken{Key: "respond/80/1"}, DeliveryParked{Follower: "f", Seq: 3},
		ReadsAsked{Run: 9, Step: "p1.s1", For: ReadForStart, Ask: 10}, StepStarting{Run: 9, Step: "p1.s1", Attempt: "r9-1"},
		StepEnded{Run: 9, Step: "p1.s1", Attempt: "r9-1", Outcome: Succeeded, Produced: map[string]string{"B": "1"}},
		Approved{Approval: 9, By: Person{Key: "c"}}, RunEnded{Run: 9, How: EndDone},
	} {
		c.Apply(Stamp{Seq: uint64(100 + k), N: uint64(100 + k), Time: time.Unix(int64(k), 0)}, e)
	}
	after, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("folding a clone changed the original:\n%s\n%s", before, after)
	}
}
