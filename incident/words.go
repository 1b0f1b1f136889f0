package incident

import "strconv"

// plural counts things in words: "1 checklist item", "3 checklist items".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
