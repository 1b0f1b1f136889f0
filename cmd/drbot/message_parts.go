package main

import "github.com/spf13/cobra"

// messageParts are the parts of a message beside its text, for `drbot incident update`, `resolve` and `edit`. They go along
// in the line as they are typed behind the slash command.
type messageParts struct{ to, public, steps, next string }

func (m *messageParts) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&m.to, "to", "", "who reads a message besides responders: announcement, executives, mail, status")
	cmd.Flags().StringVar(&m.public, "public", "", "the status page's own words")
	cmd.Flags().StringVar(&m.steps, "steps", "", "next steps")
	cmd.Flags().StringVar(&m.next, "next", "", "when the next update comes: 30m, or 15:30 (UTC)")
}

// words are the flags that were given, in the grammar of the line.
func (m *messageParts) words(cmd *cobra.Command) []string {
	var list []string
	for _, part := range []struct{ name, value string }{{"to", m.to}, {"public", m.public}, {"steps", m.steps}, {"next", m.next}} {
		if f := cmd.Flags().Lookup(part.name); f != nil && f.Changed {
			list = append(list, "--"+part.name, part.value)
		}
	}
	return list
}
