// Package person is a person at the workspace: what they see, and what they
// do, as plain Go values over HTTP and JSON.
//
// A Client is dialled by the workspace's address; As picks who acts. State is
// all that this person can see at one moment, numbered by Seq; Await waits
// for a State that satisfies a condition, so that nobody needs to sleep.
// The package knows the workspace only by its HTTP side, and no Slack type.
package person

import (
	"encoding/json"
	"strings"
	"time"
)

// State is what one person can see, taken at one moment.
type State struct {
	Seq       uint64     `json:"seq"`
	Now       time.Time  `json:"now"`
	Me        User       `json:"me"`
	Users     []User     `json:"users"`
	Groups    []Group    `json:"groups"`
	Commands  []string   `json:"commands"`
	Shortcuts []Shortcut `json:"shortcuts"`
	Channels  []Channel  `json:"channels"`
	Modals    []View     `json:"modals"` // bottom to top: the last one is what the person looks at
	Home      *View      `json:"home,omitempty"`
	Links     int        `json:"links"` // the app's open Socket Mode links
}

// User is one account of the workspace.
type User struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	RealName    string `json:"real_name"`
	Email       string `json:"email,omitempty"`
	TeamID      string `json:"team_id"`
	Bot         bool   `json:"bot,omitempty"`
	Guest       bool   `json:"guest,omitempty"`
	Deactivated bool   `json:"deactivated,omitempty"`
}

// Group is a user group, as "@oncall".
type Group struct {
	ID      string   `json:"id"`
	Handle  string   `json:"handle"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// Shortcut is an entry of the app's shortcut menu; Kind is "global" or "message".
type Shortcut struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	CallbackID string `json:"callback_id"`
}

// Channel is a channel or direct message that the person may read. Kind is
// "public", "private" or "im"; With is the other person of a direct message.
type Channel struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	Kind          string     `json:"kind"`
	With          string     `json:"with,omitempty"`
	Member        bool       `json:"member"`
	Archived      bool       `json:"archived,omitempty"`
	Creator       string     `json:"creator,omitempty"`
	Topic         string     `json:"topic,omitempty"`
	Purpose       string     `json:"purpose,omitempty"`
	Members       []string   `json:"members"`
	PreviousNames []string   `json:"previous_names,omitempty"`
	Bookmarks     []Bookmark `json:"bookmarks,omitempty"`
	Pins          []string   `json:"pins,omitempty"`
	Messages      []Message  `json:"messages"` // oldest first, replies included
}

// Bookmark is a link in a channel's bar.
type Bookmark struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Link  string `json:"link"`
	Emoji string `json:"emoji,omitempty"`
}

// Message is one message as this person sees it.
type Message struct {
	Channel   string          `json:"channel"`
	TS        string          `json:"ts"`
	ThreadTS  string          `json:"thread_ts,omitempty"`
	User      string          `json:"user"`
	BotID     string          `json:"bot_id,omitempty"`
	Subtype   string          `json:"subtype,omitempty"`
	Text      string          `json:"text"`  // the notification's text
	Plain     string          `json:"plain"` // what is read: the blocks as text, times in UTC; the text where there are none
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	Elements  []Element       `json:"elements,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	Reactions []Reaction      `json:"reactions,omitempty"`
	Files     []File          `json:"files,omitempty"`
	Pinned    bool            `json:"pinned,omitempty"`
	Ephemeral bool            `json:"ephemeral,omitempty"` // only this person sees it
	Edited    bool            `json:"edited,omitempty"`
	Broadcast bool            `json:"broadcast,omitempty"` // a reply that was sent to the channel too
	Replies   int             `json:"replies,omitempty"`
	Pings     Pings           `json:"pings"`    // whom the posting notified
	Mentions  Pings           `json:"mentions"` // what the present content would notify; an edit itself notifies nobody
}

// Pings says whom a content notifies. Everybody lists "channel", "here" and
// "everyone" as they occur. People come from the blocks when there are any,
// else from the text; Everybody counts both, to be on the safe side.
type Pings struct {
	Users     []string `json:"users,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Everybody []string `json:"everybody,omitempty"`
}

// Reaction is an emoji under a message.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
}

// File is a file shared with a message. Text is its content when it is UTF-8
// and at most 64 KiB.
type File struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Size  int    `json:"size"`
	Text  string `json:"text,omitempty"`
}

// Element is something that can be pressed, chosen or filled.
type Element struct {
	BlockID     string   `json:"block_id"`
	ActionID    string   `json:"action_id"`
	Type        string   `json:"type"`
	Label       string   `json:"label"` // the button's text, the input's label, the menu's placeholder
	Value       string   `json:"value,omitempty"`
	URL         string   `json:"url,omitempty"`
	Style       string   `json:"style,omitempty"`
	Hint        string   `json:"hint,omitempty"`
	Optional    bool     `json:"optional,omitempty"`
	Input       bool     `json:"input,omitempty"` // a form's field: sent with the submission
	Dispatch    bool     `json:"dispatch,omitempty"`
	Multiline   bool     `json:"multiline,omitempty"`
	MinLength   int      `json:"min_length,omitempty"`
	MaxLength   int      `json:"max_length,omitempty"`
	Placeholder string   `json:"placeholder,omitempty"`
	Confirm     *Confirm `json:"confirm,omitempty"`
	Options     []Option `json:"options,omitempty"`
	Selected    []string `json:"selected,omitempty"` // values now chosen or typed, by this person's client
	Error       string   `json:"error,omitempty"`
}

// Confirm is the question a client asks before it sends the press.
type Confirm struct {
	Title   string `json:"title"`
	Text    string `json:"text"`
	Confirm string `json:"confirm"`
	Deny    string `json:"deny"`
	Style   string `json:"style,omitempty"`
}

// Option is one choice; Group is the label of its group.
type Option struct {
	Label       string `json:"label"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Group       string `json:"group,omitempty"`
}

// View is a modal or an App Home.
type View struct {
	ID              string          `json:"id"`
	ExternalID      string          `json:"external_id,omitempty"`
	Hash            string          `json:"hash"`
	Type            string          `json:"type"`
	CallbackID      string          `json:"callback_id,omitempty"`
	Title           string          `json:"title,omitempty"`
	Submit          string          `json:"submit,omitempty"`
	Close           string          `json:"close,omitempty"`
	PrivateMetadata string          `json:"private_metadata,omitempty"`
	Plain           string          `json:"plain"`
	Blocks          json.RawMessage `json:"blocks"`
	Elements        []Element       `json:"elements,omitempty"`
	Say             string          `json:"say,omitempty"` // a form's own trouble, as "We had some trouble connecting."
}

// Channel finds a visible channel by id, by name or by "#name".
func (s State) Channel(name string) (Channel, bool) {
	name = strings.TrimPrefix(name, "#")
	for _, c := range s.Channels {
		if c.ID == name || (c.Name == name && c.Kind != "im") || (c.Kind == "im" && c.With == name) {
			return c, true
		}
	}
	return Channel{}, false
}

// Modal is the form the person looks at.
func (s State) Modal() (View, bool) {
	if len(s.Modals) == 0 {
		return View{}, false
	}
	return s.Modals[len(s.Modals)-1], true
}

// Find gives the newest message that contains text in what is read or in the
// notification's text.
func (c Channel) Find(text string) (Message, bool) {
	for i := len(c.Messages) - 1; i >= 0; i-- {
		if m := c.Messages[i]; strings.Contains(m.Plain, text) || strings.Contains(m.Text, text) {
			return m, true
		}
	}
	return Message{}, false
}

// Message gives the message with this ts.
func (c Channel) Message(ts string) (Message, bool) {
	for _, m := range c.Messages {
		if m.TS == ts {
			return m, true
		}
	}
	return Message{}, false
}

// Posted is the messages that people or apps wrote and everybody sees: no
// joins, topics and renames, nothing ephemeral.
func (c Channel) Posted() []Message {
	var out []Message
	for _, m := range c.Messages {
		if !m.Ephemeral && (m.Subtype == "" || m.Subtype == "thread_broadcast" || m.Subtype == "file_share") {
			out = append(out, m)
		}
	}
	return out
}

// Element finds something to press by its label or its action_id.
func (m Message) Element(name string) (Element, bool) { return find(m.Elements, name) }

// Element finds a field or button of the view by its label or its action_id.
func (v View) Element(name string) (Element, bool) { return find(v.Elements, name) }

func find(all []Element, name string) (Element, bool) {
	for _, e := range all {
		if e.Label == name || e.ActionID == name {
			return e, true
		}
	}
	return Element{}, false
}
