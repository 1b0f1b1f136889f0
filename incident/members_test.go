package incident

import (
	"slices"
	"testing"
)

// TestI56_MembersAreThoseOfThePrivateChannel: nothing is known before the chat said it, the same again is no event, who left is out
// even when the chat says nothing more, and another channel, or one that is public, says nothing of who may read.
func TestI56_MembersAreThoseOfThePrivateChannel(t *testing.T) {
	ana, bea := Person{Key: "a", Slack: "U0ANA"}, Person{Key: "b", Slack: "U0BEA"}
	i := New(1)
	fold := func(events ...Event) {
		for _, e := range events {
			i.Apply(Stamp{Seq: i.Seq + 1, N: i.N + 1}, e)
		}
	}
	fold(Opened{By: ana, Title: "keys were copied"}, ChannelBound{ID: "CPUBLIC"})
	if e := i.SeeMembers("CPUBLIC", []Person{ana}); e != nil {
		t.Errorf("not restricted: %v", e)
	}
	fold(TypeSet{Type: "Data breach", Restricted: true})
	if e := i.SeeMembers("CPUBLIC", []Person{ana, bea}); e != nil {
		t.Errorf("a public channel lets nobody in: %v", e)
	}
	fold(ChannelBound{ID: "CPRIVATE", Private: true})
	if e := i.SeeMembers("CPUBLIC", []Person{ana, bea}); e != nil || i.Members != nil {
		t.Errorf("the old channel lets nobody in: %v", e)
	}
	fold(i.SeeMembers("CPRIVATE", nil)...)
	if i.Members == nil || i.Members.Has(ana.Slack) {
		t.Errorf("an empty channel is known to be empty: %+v", i.Members)
	}
	fold(i.SeeMembers("CPRIVATE", []Person{bea, ana})...)
	if e := i.SeeMembers("CPRIVATE", []Person{ana, bea}); e != nil || !slices.Equal(i.Members.Of, []string{"U0ANA", "U0BEA"}) {
		t.Errorf("%v, %+v", e, i.Members)
	}
	before := i.Clone()
	fold(i.LoseMember("CPRIVATE", bea)...)
	if i.Members.Has(bea.Slack) || !before.Members.Has(bea.Slack) || i.LoseMember("CPRIVATE", bea) != nil {
		t.Errorf("%+v, before %+v", i.Members, before.Members)
	}
	fold(i.SeeMembers("CPRIVATE", nil)...)
	if len(i.Members.Of) != 0 {
		t.Errorf("%+v", i.Members)
	}
	fold(ChannelBound{ID: "CSECOND", Private: true})
	if i.Members == nil {
		t.Error("a new channel lets in whom nobody asked for")
	}
}
