package incident

// What is said in public is made of public facts alone: the words that a person typed for it, and what the status page shows
// anyway.

// PublicFields are the fields of the runbook's message for the status page that have a public source. Every other one stays
// unknown there, whatever the runbook says.
var PublicFields = []string{"page_status", "date", "time", "last_updated", "update_message", "services", "issue", "symptoms"}

// MaxPage is how many characters a message may have with the runbook's words around it.
const MaxPage = 2 * MaxUpdate

// PageWords is a message as everybody reads it on the status page: the typed words in the runbook's form. It is made once,
// when it is written, so that whoever looks at it before sees what leaves.
type PageWords struct {
	Title string `json:"title,omitempty"` // a first line that names the whole entry; Text is without it
	Text  string `json:"text"`
}

// OnPage is what the status page shows of a message: its own form, or the words as they were typed.
func OnPage(public string, p *PageWords) string {
	if p != nil {
		return p.Text
	}
	return public
}
