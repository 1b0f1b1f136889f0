package commands

import (
	"slices"
	"strings"
)

// Table lists every verb: the incident's, recovery's, and the house's. It is filled by init and not by an initialiser
// because help reads the table that it stands in.
var Table []Verb

var byName map[string]*Verb

func init() {
	Table = slices.Concat(incidentVerbs(), reviewVerbs(), lookVerbs(), windowVerbs(), recoverVerbs(), handoverVerbs(), houseVerbs(), auditVerbs(), alertVerbs(), pageVerbs(), reportVerbs())
	byName = make(map[string]*Verb, len(Table))
	for k := range Table {
		byName[Table[k].Full()] = &Table[k]
	}
}

// Find gives the verb of a full name ("incident open"); nil when there is none.
func Find(full string) *Verb { return byName[full] }

// Of lists the verbs of a group that people type, in the table's order.
func Of(group string) []*Verb {
	var list []*Verb
	for k := range Table {
		if Table[k].Group == group && !Table[k].Hidden {
			list = append(list, &Table[k])
		}
	}
	return list
}

// nearest is the verb of the group that somebody meant: one slip away, or two in a long name; nil when none is.
func nearest(group, typed string) *Verb {
	var best *Verb
	least := 3
	for _, v := range Of(group) {
		if d := slips(strings.ToLower(typed), v.Name); d < least && d <= max(1, len(v.Name)/3) && d < len(v.Name)-1 {
			best, least = v, d
		}
	}
	return best
}

// slips counts the single-letter changes, swaps of neighbours included, that turn a into b.
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 32 || len(y) > 32 {
		return 99
	}
	before, row := make([]int, len(y)+1), make([]int, len(y)+1)
	for k := range row {
		row[k] = k
	}
	older := slices.Clone(row)
	for i := 1; i <= len(x); i++ {
		older, before, row = before, row, older
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(before[j]+1, row[j-1]+1, before[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(y)]
}
