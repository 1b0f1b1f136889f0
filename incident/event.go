package incident

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Event is a fact in past tense. Kind is its name in the record; the payload is its JSON.
type Event interface{ EventKind() string }

// Stamp is where a record stands: Seq in the whole sequence, N within the incident.
type Stamp struct {
	Seq, N uint64
	Time   time.Time
	Blank  bool // its words were redacted
}

// Encode gives the payload bytes of an event.
func Encode(e Event) ([]byte, error) { return json.Marshal(e) }

// Decode reads a payload back. An unknown kind is an error: a record that this program cannot read must not be
// folded over.
func Decode(kind string, payload []byte) (Event, error) {
	typ, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("event kind %q is unknown to this version", kind)
	}
	v := reflect.New(typ)
	if err := json.Unmarshal(payload, v.Interface()); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	return v.Elem().Interface().(Event), nil
}

// kinds holds every event that the record may contain.
var kinds = func() map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for _, e := range []Event{
		ConfigLoaded{}, RunbookLoaded{}, LockAccepted{}, PeopleChanged{}, Frozen{}, Thawed{}, ClockStepped{}, AttemptFound{},
		HeadPosted{}, Redacted{}, Refused{}, ScriptRan{}, ProcedureRan{},
		Opened{}, TypeSet{}, SeveritySet{}, StatusSet{}, Acknowledged{}, RoleTaken{}, RoleLeft{}, ImpactSet{}, ServicesSet{},
		Noted{}, Pinned{}, PinEdited{}, Unpinned{}, PinDeleted{}, FileKept{}, Resolved{}, Reopened{}, Closed{}, ReviewOpened{},
		ChannelBound{}, ChannelLost{}, MembersSeen{}, PinStays{}, ItemDone{}, ItemReopened{}, ItemExcused{}, ItemAssigned{}, ItemDue{}, ProbeAsked{}, ItemProbed{}, ItemShown{}, MessageLeft{},
		UpdateSent{}, UpdateDrafted{}, UpdateReviewed{}, UpdateEdited{}, WindowSet{}, DeadlineSpoken{}, Snoozed{}, DeliveryParked{}, DeliveryRequeued{},
		RunPlanned{}, ReadsAsked{}, ReadsDone{}, RunStarted{}, RunPaused{}, RunResumed{}, CancelAsked{}, RunEnded{},
		ApprovalAsked{}, Confirmed{}, Approved{}, Denied{}, Withdrawn{}, Expired{}, GlassBroken{}, StandingApproved{},
		RoleOffered{}, OfferEnded{}, RunHandedOver{},
		HandAsked{}, ConditionAsked{}, ConditionAnswered{}, StepStarting{}, StepStarted{}, StepNotStarted{}, StepExtended{}, StepEnded{}, StepUnknown{}, StepSurvivors{}, StepSettled{},
		StepSkipped{}, StepByHand{}, UndoPlanned{},
		AlertLinked{}, AlertSeen{}, AlertPassed{}, Accepted{}, Declined{}, Merged{}, Triaged{},
		ReviewGiven{}, ReviewSaved{}, ReviewPosted{}, ReviewClosed{}, TaskDone{}, TaskReopened{}, TaskStatusSet{}, TaskSet{}, TaskSnoozed{}, ActionAdded{}, ActionSet{}, ActionDone{},
		PageAsked{}, Paged{}, PageFailed{}, CallsHushed{}, NudgesHushed{},
	} {
		m[e.EventKind()] = reflect.TypeOf(e)
	}
	return m
}()
