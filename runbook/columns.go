package runbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A table's columns are known by their headings' words, in the languages below; else by the configuration (severities.respond: Reaktionszeit); else, in
// a table under a mapped heading, by their place, if what stands in them fits and after a finding that says so. Never silently.

// wantedColumn is one that a table may have. A word that begins with "=" is a whole word of the heading, any other a part of it.
type wantedColumn struct {
	name  string // as the configuration names it
	words []string
	fits  func(cell string) bool // nil: any text
	need  string                 // what is lost without it; empty: nothing
}

var columnsOf = map[string][]wantedColumn{
	"severities": {
		{"level", words("level severity sev stufe schwere klasse priorit niveau gravit sévérité nivel severidad livello ernst"), isSeverity, "no severity is known"},
		{"name", words("name label bezeichnung titel =nom nombre nome naam"), nil, ""},
		{"definition", words("definition description impact meaning example bedeutung beschreibung auswirkung beispiel définition exemple définici definici descripci ejemplo significado significato definizione descrizione esemp betekenis omschrijving voorbeeld"), nil, ""},
		{"respond", words("respon acknowledge reaktion antwortzeit réaction réponse délai respuesta reacci risposta reazione reactie resposta"), isSpan, "nobody is reminded to respond"},
		{"update", words("update cadence aktualisier mise actualizaci aggiornament"), isSpan, ""},
	},
	"incident_types": {
		{"type", words("type incident =art störung vorfall ereignis incidente tipo evento storing"), nil, "no incident type is known"},
		{"severity", words("severity sev stufe schwere klasse priorit niveau gravit nivel severidad livello ernst"), isSeverity, "no incident type has a severity"},
		{"description", words("description meaning definition beschreibung bedeutung beispiel descripci descrizione omschrijving exemple signification"), nil, ""},
	},
	"rto": {
		{"tier", words("tier service system dienst stufe servicio servizio système sistema dienst"), nil, "no tier is known"},
		{"rto", words("rto recovery%time wiederanlauf wiederherstellungszeit reprise recuperaci ripristino hersteltijd"), isSpan, "no target is known"},
		{"description", words("description scope covers services beschreibung umfang descripci descrizione omschrijving portée"), nil, ""},
	},
	"rpo": {
		{"data", words("data daten donnée datos dati gegevens tier system"), nil, "no data type is known"},
		{"rpo", words("rpo recovery%point datenverlust perte pérdida perdita gegevensverlies"), isSpan, "no target is known"},
		{"mechanism", words("frequency mechanism backup method how sicherung häufigkeit verfahren sauvegarde fréquence copia frecuencia frequenza metodo back-up"), nil, ""},
	},
	"review": {
		{"task", words("task action activity aufgabe maßnahme tâche tarea attività compito taak"), nil, "no task is known"},
		{"deadline", words("deadline due frist fällig termin échéance délai plazo scadenza termijn"), isSpan, "no task is due"},
	},
	"contacts": {
		{"role", words("role team =who rolle funktion =wer rôle équipe =rol equipo ruolo =squadra =wie"), nil, "nobody has a role"},
		{"contact", words("contact phone reach telefon kontakt erreichbar mail =wie téléphone joindre teléfono telefon recapito telefoon"), nil, "nobody can be reached"},
		{"escalation", words("escalat when time eskalation =wann nach =quand escalade =cuándo =cuando escala =wanneer =délai"), isWhen, ""},
	},
}

// words splits a list; a % stands for a space inside a word.
func words(s string) []string {
	out := strings.Fields(s)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "%", " ")
	}
	return out
}

func isSeverity(cell string) bool { _, ok := severityLevel(cell); return ok }
func isSpan(cell string) bool     { _, ok := span(cell); return ok }
func isWhen(cell string) bool {
	return isSpan(cell) || immediate.MatchString(cell) || onlySeverity.MatchString(cell)
}

// columnKeys are the configuration's names of columns.
func columnKeys() []string {
	var out []string
	for _, part := range slices.Sorted(maps.Keys(columnsOf)) {
		for _, c := range columnsOf[part] {
			out = append(out, part+"."+c.name)
		}
	}
	return out
}

// named says that a heading is one of the words.
func named(heading string, words []string) bool {
	heading = strings.ToLower(strings.TrimSpace(heading))
	whole := strings.FieldsFunc(heading, func(r rune) bool { return strings.ContainsRune(" /,.:-()?", r) })
	return slices.ContainsFunc(words, func(w string) bool {
		if exact, ok := strings.CutPrefix(w, "="); ok {
			return slices.Contains(whole, exact)
		}
		return strings.Contains(heading, w)
	})
}

// has says that a table has a column of a part by its words alone.
func (t table) has(part, name string) bool {
	for _, c := range columnsOf[part] {
		if c.name == name {
			return slices.ContainsFunc(t.head, func(h string) bool { return named(h, c.words) })
		}
	}
	return false
}

// columns finds the wanted columns of a part; -1: there is none. What was not found by a heading's words is said.
func (p *parser) columns(t table, part string, mapped bool) []int {
	wanted := columnsOf[part]
	out, taken := make([]int, len(wanted)), map[int]bool{}
	for i, w := range wanted {
		out[i] = t.named(w, p.heads[part+"."+w.name], taken)
	}
	for i, w := range wanted {
		if out[i] >= 0 || !mapped || i >= len(t.head) || taken[i] || !t.fits(i, w) {
			continue
		}
		out[i], taken[i] = i, true
		p.warn(t.line, "column", fmt.Sprintf("column %q is read as the %s of %s, by its place alone", t.head[i], w.name, part), fmt.Sprintf("sections: {%s.%s: %q}", part, w.name, t.head[i]))
	}
	var rest []string
	for i, h := range t.head {
		if !taken[i] {
			rest = append(rest, fmt.Sprintf("%q", h))
		}
	}
	for i, w := range wanted {
		if out[i] < 0 && w.need != "" {
			p.warn(t.line, "column", fmt.Sprintf("the table of %s has no column that is known as %s, so %s; not read: %s", part, w.name, w.need, or(strings.Join(rest, ", "), "none")), fmt.Sprintf("sections: {%s.%s: HEADING}", part, w.name))
		}
	}
	return out
}

// named finds a column by the heading that the configuration gives it, else by its words in their order.
func (t table) named(w wantedColumn, configured string, taken map[int]bool) int {
	for i, h := range t.head {
		if configured != "" && !taken[i] && strings.EqualFold(strings.TrimSpace(h), configured) {
			taken[i] = true
			return i
		}
	}
	for _, word := range w.words {
		for i, h := range t.head {
			if !taken[i] && named(h, []string{word}) {
				taken[i] = true
				return i
			}
		}
	}
	return -1
}

// fits says that what stands in a column can be what is wanted.
func (t table) fits(column int, w wantedColumn) bool {
	return w.fits == nil || slices.ContainsFunc(t.rows, func(r row) bool { return w.fits(r.cell(column)) })
}
