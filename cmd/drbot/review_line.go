package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/terminal"
	"github.com/drbot/drbot/templates"
)

// reviewLine is `drbot incident review 42`: the text on stdout, whole, with a first line that says which version it is, so
// that `drbot incident review 42 --save FILE` puts an edited copy back and hears when somebody else saved meanwhile.
type reviewLine struct {
	id                  string
	save                string // a file, or - for stdin
	version             string // an earlier one
	html, draft, asJSON bool
	key                 string
}

// flags are those of `drbot incident` that belong to a review.
func (o *reviewLine) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.save, "save", "", "with `review N`: save FILE as the next version of the review (- is stdin)")
	cmd.Flags().StringVar(&o.version, "version", "", "with `review N`: print that version (0 is drbot's draft) instead of the newest")
	cmd.Flags().BoolVar(&o.html, "html", false, "with `review N`: print a page by itself, which prints well, instead of Markdown")
	cmd.Flags().BoolVar(&o.draft, "draft", false, "with `review N`: print drbot's draft, whatever was saved")
}

// meant reports whether a line is about the text of a review; what else has one of its flags is an error.
func (o *reviewLine) meant(name string, args []string) (bool, error) {
	if name == "incident" && len(args) == 2 && args[0] == "review" {
		o.id = args[1]
		return true, nil
	}
	if o.save != "" || o.html || o.draft || o.version != "" {
		return false, usage("--save, --html, --draft and --version belong to `drbot incident review N`")
	}
	return false, nil
}

func (p program) review(ctx context.Context, o reviewLine) error {
	id, err := incident.ParseID(o.id)
	if err != nil {
		return usage("%w", err)
	}
	if o.save != "" && (o.html || o.draft || o.version != "") {
		return usage("--save takes Markdown, and none of --html, --draft and --version")
	}
	if o.draft && o.version != "" {
		return usage("--draft is version 0: give it or --version")
	}
	req := terminal.Request{Verb: "incident review text", Object: strconv.FormatUint(uint64(id), 10), Fields: map[string][]string{}}
	if o.save != "" {
		if err := p.saving(&req, id, o.save); err != nil {
			return err
		}
	}
	if o.version != "" {
		req.Fields["version"] = []string{o.version}
	}
	for name, set := range map[string]bool{"html": o.html, "draft": o.draft} {
		if set {
			req.Fields[name] = []string{"yes"}
		}
	}
	a, err := p.ask(ctx, o.key, req)
	if err != nil {
		return err
	}
	if o.asJSON || o.save != "" || a.Kind != "" {
		return p.printAnswer(a, o.asJSON)
	}
	var v commands.ReviewView
	if err := json.Unmarshal(a.Data, &v); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	text := v.HTML
	if !o.html {
		text = templates.ReviewMarked(id, v.Version, v.Text)
	}
	_, err = io.WriteString(p.stdout, text)
	return err
}

// saving reads the file and the version that it was made of.
func (p program) saving(req *terminal.Request, id incident.ID, file string) error {
	read := func() ([]byte, error) { return os.ReadFile(file) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(io.LimitReader(p.stdin, incident.MaxReview+1024)) }
	}
	src, err := read()
	if err != nil {
		return err
	}
	if line := notUTF8(src); line > 0 {
		return usage("%s is not UTF-8 (line %d): save it as UTF-8 in your editor", file, line)
	}
	of, version, text, marked := templates.ReviewUnmarked(string(src))
	switch {
	case len(src) > incident.MaxReview+512:
		return usage("the file has %d bytes, and a review %d at most", len(src), incident.MaxReview)
	case !marked:
		return usage("%s does not say which version it was made of: its first line is the one that `drbot incident review %d` prints, like <!-- %s review version 3 -->", file, id, id)
	case of != id:
		return &exitError{exitUsage, fmt.Errorf("%s is the review of %s, not of %s", file, of, id)}
	case incident.Written(text) == "":
		return errors.New("the file is empty but for its first line; nothing was saved")
	}
	req.Verb = "incident review save"
	req.Fields["text"], req.Fields["base"] = []string{text}, []string{strconv.Itoa(version)}
	return nil
}

// notUTF8 is the first line that is none; 0: all of it is.
func notUTF8(src []byte) int {
	line := 1
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		switch {
		case r == utf8.RuneError && size == 1:
			return line
		case r == '\n':
			line++
		}
		src = src[size:]
	}
	return 0
}
