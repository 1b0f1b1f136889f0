package bot

import (
	"context"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/templates"
)

// withOutput adds the link to the whole output that was asked for, where its file is known.
func (b *Bot) withOutput(ctx context.Context, reply commands.Reply) (_ commands.Reply, known bool) {
	if reply.Output == nil {
		return reply, true
	}
	notes, err := b.notesOf(ctx, reply.ID)
	if err != nil || notes[reply.Output.Key] == "" {
		return reply, false
	}
	reply.Say = spoken(reply.Say)
	reply.Say.Blocks = append(reply.Say.Blocks, outputLine(templates.WholeOutput(reply.Output.Key)))
	return reply, true
}

func outputLine(link templates.Span) templates.Block {
	return templates.Lines{Lines: [][]templates.Span{{link}}}
}

// followed answers with what a door had, and then with the file of an output that was asked for and is not known yet.
func (b *Bot) followed(a answer, reply commands.Reply, to caller) answer {
	first := a.then
	a.then = func(ctx context.Context) {
		if first != nil {
			first(ctx)
		}
		i, err := b.Memory.Incident(ctx, state.Ref{ID: reply.ID})
		if err == nil {
			err = b.giveOutput(ctx, i, reply.Output.Key, to)
		}
		if err != nil {
			b.Log.Warn("an output was not sent to whoever asked for it", "incident", reply.ID.String(), "error", err)
			b.respond(ctx, to, sayOutputNotTaken(err), 0)
		}
	}
	return a
}

func (b *Bot) giveOutput(ctx context.Context, i *incident.Incident, key string, to caller) error {
	link, err := b.outputFor(ctx, i, key)
	if err != nil || link == "" {
		return err
	}
	span := templates.WholeOutput(key)
	span.Text, span.URL, span.Object = span.Text+" ↗", link, ""
	to.replace = false
	b.respond(ctx, to, templates.Message{Text: span.Text, Blocks: []templates.Block{outputLine(span)}}, 0)
	return nil
}

func sayOutputNotTaken(err error) templates.Message {
	return say("Slack did not take the file of the whole output (" + err.Error() + "). Ask again later, or read it at the terminal: `drbot recover output`.")
}
