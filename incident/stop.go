package incident

// Why drbot itself stops a run before a step. Each has its own way on.
const (
	StopDenied   = "denied"   // an approver said no
	StopTarget   = "target"   // the target is another than was declared
	StopRead     = "read"     // the target could not be read
	StopOperator = "operator" // the run's operator may not run it any more
	StopAsk      = "ask"      // what was approved does not hold any more, or nobody decided
	StopText     = "text"     // what would run is not what was planned or approved
)

// Stop is one of drbot's own pauses: people are told of each, once, and the message says what it was about until the run
// goes on.
type Stop struct {
	N    uint64 `json:"n"` // counts within the run
	Step string `json:"step"`
	Kind string `json:"kind"`
}

// Stands reports whether the run still waits because of its n-th stop.
func (r *Run) Stands(n uint64) bool { return r.State == Paused && r.Stop.N == n && r.Cancel == "" }

func (r *Run) paused(e RunPaused) {
	r.State, r.Why = Paused, e.Why
	if e.Stop != nil {
		r.Stop = *e.Stop
	}
}

// pause stops a running run before its next step and has people told.
func (d *draft) pause(r *Run, kind, why string) {
	if r.State == Running {
		d.stop(r, kind, why)
	}
}

// stop says it also of a run that a person has paused: a denial is news there too.
func (d *draft) stop(r *Run, kind, why string) {
	s := r.Next()
	if s == nil || r.State != Running && r.State != Paused {
		return
	}
	d.add(RunPaused{Run: r.N, By: Bot, Why: why, Stop: &Stop{N: r.Stop.N + 1, Step: s.ID, Kind: kind}})
}

// rest pauses a run where its operator wanted it to; nobody is called for that.
func (d *draft) rest(r *Run, why string) {
	if r.State == Running {
		d.add(RunPaused{Run: r.N, By: Bot, Why: why})
	}
}

// stopKind sorts what mayStart found.
func (d *draft) stopKind(desk Desk, r *Run) string {
	if !desk.Rights.May(r.Operator.Key, Operator) {
		return StopOperator
	}
	return StopAsk
}
