package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
)

func dump(r commands.Reply) string {
	return fmt.Sprintf("%+v %+v %+v %+v", r.Say, r.Form, r.Errors, r.Data)
}

var words = []string{
	"", "1", "sev2", "4 better", "c1 done", "c4", "c5 na why", "me", "scribe @bea", "commander <@U0DEV|dev>", "identified", "monitoring", "next 30m",
	"we look next 20m", "15m", "15:04 late", "[02:00] early", "false-alarm no", "fixed", "x", "\x00", "<!channel> `id`", "INC-1", "INC-2 x", "99999999999999999999",
	"Slow pages", "Data breach", "drill private sev3 odd: one", "postgres wiki", "R1", "A1", "1.1 because", strings.Repeat("long ", 400), "NAME=value", "database",
}

// TestRandomVerbs: any verb by anybody in any order, each delivered twice, never panics and never errs; the second
// delivery changes nothing (I47), and folding the record again gives the stored incidents (I52).
func TestI47_I52_RandomVerbs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := opened(t)
		o.t = t
		actors := []commands.Actor{ana, bea, chen, dev, eva, {Unix: "ana"}, {Unix: "root"}, {}}
		o.begin("users db is gone")
		for n := range rapid.IntRange(1, 25).Draw(rt, "commands") {
			verb := rapid.SampledFrom(commands.Table).Draw(rt, "verb")
			c := commands.Command{
				Verb: verb.Full(), Actor: rapid.SampledFrom(actors).Draw(rt, "who"),
				Text:    rapid.SampledFrom(words).Draw(rt, "text"),
				Object:  rapid.SampledFrom([]string{"", "", "1", "2", "R1", "A1", "c1", "g1", "C1/1.2", "1/p1.s1", "x/y/z"}).Draw(rt, "object"),
				Channel: rapid.SampledFrom([]string{"", "C1", "C2", "CHOUSE", "CTALK"}).Draw(rt, "channel"),
				Keys:    []string{fmt.Sprintf("random/%d", n)}, Keep: time.Hour,
			}
			if rapid.IntRange(0, 4).Draw(rt, "form") == 0 {
				c.Fields = map[string][]string{}
				for _, field := range []string{"title", "severity", "reason", "text", "pick", "summary", "anyway", "was", "now", "item", "what", "who", "role", "next"} {
					if rapid.Bool().Draw(rt, field) {
						c.Fields[field] = []string{rapid.SampledFrom(words).Draw(rt, "value of "+field)}
					}
				}
			}
			o.pass(time.Duration(rapid.IntRange(0, 600).Draw(rt, "seconds")) * time.Second)
			first, err := o.Handle(t.Context(), c)
			if err != nil {
				rt.Fatalf("%s: %v", c.Verb, err)
			}
			after := o.all()
			second, err := o.Handle(t.Context(), c)
			if err != nil || o.all() != after {
				rt.Fatalf("%s twice: %v, %d records more", c.Verb, err, o.all()-after)
			}
			if first.Seq != 0 && (first.Say.Text != second.Say.Text || first.ID != second.ID || !second.Again) && first.Data == nil && len(first.Say.Blocks) == 0 {
				rt.Fatalf("%s answered %+v, then %+v", c.Verb, first, second)
			}
		}
		summaries, err := o.store.List(t.Context(), state.Query{})
		if err != nil {
			rt.Fatal(err)
		}
		for _, s := range summaries {
			if err := o.refolded(s.ID); err != nil {
				rt.Fatal(err)
			}
		}
		if _, err := o.store.Verify(t.Context()); err != nil {
			rt.Fatal(err)
		}
		_ = o.store.Close()
	})
}

func FuzzParse(f *testing.F) {
	for _, w := range words {
		f.Add("incident", "note "+w)
		f.Add("recover", w)
	}
	f.Fuzz(func(t *testing.T, group, text string) {
		if group != "incident" && group != "recover" {
			group = "incident"
		}
		c := commands.Parse(group, text)
		if commands.Find(c.Verb) == nil || c.Actor != (commands.Actor{}) || c.Outcome != nil {
			t.Errorf("%q: %+v", text, c)
		}
		if id, err := incident.ParseID(c.Object); c.Object != "" && (err != nil || id == 0) && c.Object[0] != 'R' && c.Object[0] != 'A' {
			t.Errorf("%q: object %q", text, c.Object)
		}
	})
}

// BenchmarkNote is `/incident note` from Handle to its durable answer, 32 callers on one incident, fsync on.
func BenchmarkNote(b *testing.B) {
	o := opened(b)
	_, channel := o.begin("users db is gone")
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c := commands.Parse("incident", "note switch in rack 2 rebooted")
			c.Actor, c.Channel = eva, channel
			if reply, err := o.Handle(b.Context(), c); err != nil || !reply.Done() {
				b.Error(reply, err)
			}
		}
	})
}
