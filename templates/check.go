package templates

import "github.com/drbot/drbot/incident"

// checkButton offers the reading that proves a step whose end nobody knows; it changes nothing, so it comes first.
func checkButton(r *incident.Run, s *incident.Step) []Element {
	if s.State != incident.StepIsLost || r.Proof(s) == nil || r.Asking != "" {
		return nil
	}
	return []Element{Button{Verb: "recover check", Object: stepObject(r, s), Label: Say("button.check", nil), Style: "primary"}}
}

// checkBlocks say what the check showed. It decides nothing: a person does.
func checkBlocks(r *incident.Run, s *incident.Step) []Block {
	if r.Asking == incident.ReadForCheck {
		return []Block{Lines{Lines: [][]Span{Line("check.runs", nil)}}}
	}
	if s.Check.At.IsZero() {
		return nil
	}
	facts := map[string]any{"At": s.Check.At, "Number": s.Check.Step, "OK": s.Check.OK, "Said": "", "Shows": s.Check.Said != ""}
	if !s.Check.OK {
		facts["Said"] = flat(s.Check.Said, 400)
	}
	blocks := []Block{Lines{Lines: [][]Span{Line("check.showed", facts)}}}
	if s.Check.OK && s.Check.Said != "" {
		blocks = append(blocks, Code{Text: tail(s.Check.Said, lastLines)})
	}
	return blocks
}
