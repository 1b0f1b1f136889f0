package commands

import "github.com/drbot/drbot/incident"

// recoverVerbs lists the verbs of `/recover`, approvals included.
func recoverVerbs() []Verb {
	const op, run = incident.Operator, "recover"
	return []Verb{
		{
			Group: run, Name: "list", May: incident.Responder, Scope: Anywhere, Example: "list", Deed: "see the procedures",
			Does: "Lists the procedures, those of this incident's type first.", do: listProcedures,
		},
		{
			Group: run, Name: "plan", May: op, Scope: InChannel, Grammar: "[<procedure>] [NAME=value …] [1.2=<branch> …]", Example: "plan database",
			Deed: "plan runs", Does: "Plans a procedure: reads the target and asks what is still open. Nothing runs.", do: planRun,
		},
		{
			Group: run, Name: "choose", May: op, Scope: InChannel, Hidden: true, Deed: "plan runs",
			Does: "Takes the values of the plan's form.", do: choose,
		},
		{
			Group: run, Name: "start", May: op, Scope: InChannel, Grammar: "[R7]", Example: "start", Deed: "start runs", Decides: true,
			Does: "Starts the planned run; it goes until the next approval or manual step.", do: startRun(false),
		},
		{
			Group: run, Name: "step", May: op, Scope: InChannel, Example: "step", Deed: "start runs", Decides: true,
			Does: "Lets only the next step run, or confirms it.", do: startRun(true),
		},
		{
			Group: run, Name: "pause", May: op, Scope: InChannel, Example: "pause", Deed: "pause runs",
			Does: "Stops before the next step; a running one goes on.", do: pauseRun,
		},
		{
			Group: run, Name: "resume", May: op, Scope: InChannel, Example: "resume", Deed: "start runs", Decides: true,
			Does: "Goes on, asking for approval again where it ended.", do: startRun(false),
		},
		{
			Group: run, Name: "output", May: incident.Responder, Scope: OfIncident, Grammar: "[<step>]", Example: "output 1.6",
			Deed: "read output", Does: "Shows the last 20 lines that a step printed, and the file of all of it; at the terminal all of it, with --follow to its end.", do: showOutput,
		},
		{
			Group: run, Name: "retry", May: op, Scope: InChannel, Example: "retry", Deed: "start runs", Decides: true,
			Does: "Runs a failed or unknown step again, with a new approval where it needs one.", do: retryStep,
		},
		{
			Group: run, Name: "check", May: op, Scope: InChannel, Grammar: "[<step>]", Example: "check 1.6", Deed: "check steps", Decides: true,
			Does: "Runs the reading that proves a step which ended without a result.", do: checkStep,
		},
		{
			Group: run, Name: "undo", May: op, Scope: InChannel, Grammar: "[R7] [<step>]", Example: "undo 1.6", Deed: "undo steps", Decides: true,
			Does: "Plans the undo of a step as the next step, with its own approval; after the run has ended, as a run of its own.", do: undoStep,
		},
		{
			Group: run, Name: "skip", May: op, Scope: InChannel, Grammar: "<step> <reason>", Example: "skip 1.2 the service was down already",
			Deed: "skip steps", Decides: true, Does: "Passes a step without doing it.", do: skipStep,
		},
		{
			Group: run, Name: "needed", May: op, Scope: InChannel, Grammar: "[<step>]", Example: "needed 2.3", Deed: "answer whether a step is needed",
			Decides: true, Does: "Says that a step with a condition (“if necessary”) is needed; it goes on.", do: stepNeeded,
		},
		{
			Group: run, Name: "notneeded", May: op, Scope: InChannel, Grammar: "[<step>] <reason>", Example: "notneeded 2.3 the cache is empty already",
			Deed: "answer whether a step is needed", Decides: true, Does: "Says that it is not, and why; the run goes on past it.", do: stepNotNeeded,
		},
		{
			Group: run, Name: "hand", May: op, Scope: InChannel, Grammar: "<step> <what was seen>", Example: "hand 1.3 lsof shows nobody",
			Deed: "do steps by hand", Decides: true, Does: "Notes what a person did in place of a step, and what they saw.", do: handStep,
		},
		{
			Group: run, Name: "extend", May: incident.Approver, Scope: InChannel, Grammar: "20m <reason>", Example: "extend 20m the copy is half done",
			Deed: "extend a step", Decides: true, Does: "Moves the running step's limit.", do: extendStep,
		},
		{
			Group: run, Name: "cancel", May: op, Scope: InChannel, Grammar: "<reason>", Example: "cancel wrong database", Deed: "cancel runs",
			Does: "Says what it leaves behind, stops the running step and ends the run.", do: cancelRun,
		},
		{
			Group: run, Name: "approvals", May: incident.Responder, Scope: Anywhere, Example: "approvals", Deed: "see approvals",
			Does: "Lists what waits for an approval.", do: listApprovals,
		},
		{
			Group: run, Name: "freeze", May: incident.Approver, Also: incident.Admin, Scope: Anywhere, Grammar: "<reason>",
			Example: "freeze storage team moves db1", Deed: "freeze", Does: "No step starts any more, anywhere; running steps go on.", do: freeze,
		},
		{
			Group: run, Name: "thaw", May: incident.Admin, Scope: Anywhere, Grammar: "<reason>", Example: "thaw db1 is moved", Deed: "thaw",
			Decides: true, Does: "Lets steps start again.", do: thaw,
		},
		{
			Group: run, Name: "confirm", May: op, Scope: InChannel, Hidden: true, Deed: "confirm steps", Decides: true,
			Does: "Is the operator's own word on a step that changes something.", do: confirmStep,
		},
		{
			Group: run, Name: "approve", May: incident.Everyone, Scope: InChannel, Hidden: true, Deed: "approve", Decides: true,
			Does: "Approves one step, once, as its card shows it.", do: approve,
		},
		{
			Group: run, Name: "deny", May: incident.Everyone, Scope: InChannel, Hidden: true, Deed: "deny", Decides: true,
			Does: "Denies it, for good.", do: deny,
		},
		glassVerb(),
	}
}
