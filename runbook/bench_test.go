package runbook

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkCompile5000Lines: parse, compile and join a runbook of 5,000 lines: 125 procedures of 8 steps, a fence each.
func BenchmarkCompile5000Lines(b *testing.B) {
	var md strings.Builder
	md.WriteString("# Large\n\n")
	for p := range 125 {
		fmt.Fprintf(&md, "## Procedure %d: Number %d\n\n", p+1, p+1)
		for s := range 8 {
			fmt.Fprintf(&md, "%d. **Step %d of %d.** What it is for.\n   ```bash\n   ls -la /srv/%d/%d | head -n 3\n   ```\n", s+1, s+1, p+1, p, s)
		}
		md.WriteString("\n")
	}
	src := []byte(md.String())
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		rb, err := Parse(src, nil)
		if err != nil {
			b.Fatal(err)
		}
		Compile(rb, nil)
	}
}
