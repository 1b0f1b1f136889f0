package aragora

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func prepared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := Prepare(t.Context(), dir, "/bin/true", time.Now()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPrepareMakesHourlyVerifiedSets(t *testing.T) {
	dir := prepared(t)
	sets, err := Sets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(sets) != history {
		t.Fatalf("%d sets, want %d", len(sets), history)
	}
	if got, want := sets[0].Users, firstUsers+history*grow; got != want {
		t.Errorf("newest set holds %d users, want %d", got, want)
	}
	if gap := sets[0].TakenAt.Sub(sets[1].TakenAt); gap != time.Hour {
		t.Errorf("sets are %s apart, want 1h", gap)
	}
	if err := Prepare(t.Context(), dir, "/bin/true", time.Now()); err != nil {
		t.Fatal(err)
	}
	if users, _, _, err := Rows(t.Context(), dir); err != nil || users != sets[0].Users {
		t.Errorf("preparing again changed the rows: %d, %v", users, err)
	}
}

func TestDamageIsSeenByHealthAndNotByTheHashOfTheSets(t *testing.T) {
	dir := prepared(t)
	w := &writer{dir: dir}
	if h := w.look(t.Context()); h.Status != "healthy" {
		t.Fatalf("before the damage: %+v", h)
	}
	if err := Damage(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if h := w.look(t.Context()); h.Status != "unhealthy" || h.Problem == "" {
		t.Fatalf("after the damage: %+v", h)
	}
	if sets, err := Sets(dir); err != nil || len(sets) != history {
		t.Fatalf("sets after the damage: %d, %v", len(sets), err)
	}
}

func TestDamagedSetIsNoVerifiedSet(t *testing.T) {
	dir := prepared(t)
	before, err := Sets(dir)
	if err != nil {
		t.Fatal(err)
	}
	name, err := DamageNewest(dir)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Sets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if name != before[0].Name || len(after) != len(before)-1 || after[0].Name != before[1].Name {
		t.Fatalf("damaged %s; newest verified was %s, is %s", name, before[0].Name, after[0].Name)
	}
}

func TestRunAnswersAndEndsWithItsLifeline(t *testing.T) {
	dir := prepared(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- Run(t.Context(), dir, r) }()
	var h health
	for {
		url, err := URL(dir)
		if err == nil {
			var res *http.Response
			if res, err = http.Get(url + "/api/health"); err == nil {
				err = json.NewDecoder(res.Body).Decode(&h)
				_ = res.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		select {
		case err := <-done:
			t.Fatalf("the service ended: %v", err)
		default:
		}
	}
	if h.Status != "healthy" {
		t.Errorf("health: %+v", h)
	}
	if _, err := os.Stat(filepath.Join(dir, "service.pid")); err != nil {
		t.Error(err)
	}
	_ = w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
