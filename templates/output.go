package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/drbot/drbot/incident"
)

// Printed is what a step printed, as its file in the thread of the run's card names it.
type Printed struct {
	Run, Number, Attempt string // "R7", "1.6", and which try of it: "2"
	Key                  string // OutputKey
	Bytes                int64  // of the whole
	NoText               string // its sha256, where it is no text
	Cut                  bool   // the file holds its first and its last part
	File                 bool   // the lock keeps it to the file
}

// OutputKey names the file of an attempt's output in Facts.Uploaded and among message objects: "output/R7/p1.s6/2".
func OutputKey(r *incident.Run, s *incident.Step) string {
	return "output/" + StepKey(r, s) + "/" + s.Attempt[strings.LastIndexByte(s.Attempt, '-')+1:]
}

// PrintedBy is what the newest attempt of a step printed.
func PrintedBy(r *incident.Run, s *incident.Step) Printed {
	return Printed{
		Run: r.Name(), Number: s.Number, Attempt: s.Attempt[strings.LastIndexByte(s.Attempt, '-')+1:], Key: OutputKey(r, s),
		Bytes: s.Bytes, NoText: s.NoText, File: s.Output == incident.OutputFile,
	}
}

// Name is the file's, the same for the same attempt and no other: by it a file is found again.
func (p Printed) Name() string {
	ending := ".txt"
	if p.NoText != "" {
		ending = ".bin"
	}
	return fmt.Sprintf("%s-step-%s-output-%s%s", p.Run, p.Number, p.Attempt, ending)
}

// OutputFile is what stands beside the file: no word of the output itself.
func OutputFile(i *incident.Incident, p Printed) string {
	return drill(i, Say("output.file", map[string]any{"P": p, "Bytes": count(int(p.Bytes))}))
}

// FitsCard reports whether messages quote a whole output: at most ten lines of at most 200 characters, 2,500 in all.
func FitsCard(output string) bool {
	output = strings.TrimRight(output, "\n")
	if utf8.RuneCountInString(output) > maxQuoted || strings.Count(output, "\n") >= lastLines {
		return false
	}
	for line := range strings.Lines(output) {
		if utf8.RuneCountInString(visible(strings.TrimSuffix(line, "\n"))) > maxQuotedLine {
			return false
		}
	}
	return true
}

const (
	maxQuoted     = 2_500 // characters of an output that a message quotes
	maxQuotedLine = 200   // of one line of it
)

// NoText is what stands in place of bytes that nobody can read.
func NoText(bytes int64, sha256 string) string {
	return Say("output.notext", map[string]any{"Bytes": count(int(bytes)), "Sum": sha256})
}

// outputBlocks are what a card shows of an output: its end where the lock lets messages quote it, and the link to the whole.
func outputBlocks(r *incident.Run, s *incident.Step, f Facts) []Block {
	var list []Block
	switch {
	case !s.Quoted():
	case s.NoText != "":
		list = append(list, Lines{Lines: [][]Span{{T(NoText(s.Bytes, s.NoText))}}})
	case s.Last != "":
		list = append(list, Code{Text: tail(s.Last, lastLines)})
	}
	if key := OutputKey(r, s); f.Uploaded[key] {
		list = append(list, Lines{Lines: [][]Span{{WholeOutput(key)}}})
	}
	return list
}

// WholeOutput is the link to the file of what a step printed.
func WholeOutput(key string) Span { return Span{Text: Say("output.whole", nil), Object: key} }
