package attempt

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// expectation compiles the pattern of Expect, if it is one.
func (j Job) expectation() (*regexp.Regexp, error) {
	text := j.Expect.Stdout
	if len(text) < 2 || text[0] != '/' || text[len(text)-1] != '/' {
		return nil, nil
	}
	re, err := regexp.Compile(text[1 : len(text)-1])
	if err != nil {
		return nil, fmt.Errorf("expected output: %w", err)
	}
	return re, nil
}

// differs compares an ended step with what the lock expects; "" means as expected.
func (j Job) differs(r Result, stdout []byte, whole bool) string {
	if r.Signal != 0 {
		return fmt.Sprintf("ended by signal %d", r.Signal)
	}
	if r.Exit != j.Expect.Exit {
		return fmt.Sprintf("exit %d, expected %d", r.Exit, j.Expect.Exit)
	}
	if text := j.Expect.Stdout; text != "" {
		re, err := j.expectation()
		got := strings.TrimRight(string(stdout), "\r\n")
		switch {
		case err != nil:
			return err.Error()
		case re != nil && !re.MatchString(got) && !whole:
			return fmt.Sprintf("nothing in the first MiB of output matches %s", text)
		case re != nil && !re.MatchString(got):
			return fmt.Sprintf("output does not match %s: %s", text, short(got))
		case re == nil && (got != strings.TrimRight(text, "\r\n") || !whole):
			return fmt.Sprintf("output is %s, expected %s", short(got), short(text))
		}
	}
	for _, name := range j.Produces {
		if _, ok := r.Produced[name]; !ok {
			return fmt.Sprintf("the step produced no %s", name)
		}
	}
	return ""
}

// short quotes text for a sentence.
func short(text string) string {
	runes := []rune(Neutralise(text))
	if len(runes) > 200 {
		runes = append(slices.Clone(runes[:200]), '…')
	}
	return fmt.Sprintf("%q", string(runes))
}
