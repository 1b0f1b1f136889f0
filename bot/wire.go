package bot

import (
	"encoding/json"
	"net/url"
)

// Slack's payloads, as far as drbot reads them. They are decoded here and not by slack-go, because a block that it does
// not know, anywhere in a message, would fail the whole payload; what drbot needs is a dozen fields.

// slash is a slash command: form fields over HTTP, JSON over a socket.
type slash struct {
	Command     string `json:"command"`
	Text        string `json:"text"`
	UserID      string `json:"user_id"`
	UserName    string `json:"user_name"`
	TeamID      string `json:"team_id"`
	ChannelID   string `json:"channel_id"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

func slashOf(v url.Values) slash {
	return slash{
		Command: v.Get("command"), Text: v.Get("text"), UserID: v.Get("user_id"), UserName: v.Get("user_name"),
		TeamID: v.Get("team_id"), ChannelID: v.Get("channel_id"), ResponseURL: v.Get("response_url"), TriggerID: v.Get("trigger_id"),
	}
}

// interaction is a press, a submission or a shortcut.
type interaction struct {
	Type        string `json:"type"`
	APIAppID    string `json:"api_app_id"`
	TriggerID   string `json:"trigger_id"`
	ResponseURL string `json:"response_url"`
	CallbackID  string `json:"callback_id"`
	MessageTS   string `json:"message_ts"`
	User        struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		TeamID   string `json:"team_id"`
	} `json:"user"`
	Team *struct {
		ID string `json:"id"`
	} `json:"team"`
	Channel   *named     `json:"channel"`
	Message   *message   `json:"message"`
	View      *view      `json:"view"`
	Actions   []action   `json:"actions"`
	Container whereItWas `json:"container"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type whereItWas struct {
	Type        string `json:"type"`
	MessageTS   string `json:"message_ts"`
	ChannelID   string `json:"channel_id"`
	IsEphemeral bool   `json:"is_ephemeral"`
}

type option struct {
	Value string `json:"value"`
}

// action is one use of an element.
type action struct {
	ActionID        string   `json:"action_id"`
	BlockID         string   `json:"block_id"`
	Type            string   `json:"type"`
	Value           string   `json:"value"`
	SelectedOption  *option  `json:"selected_option"`
	SelectedOptions []option `json:"selected_options"`
	SelectedUser    string   `json:"selected_user"`
}

// message is one in a channel. Blocks are read for the options of boxes, and for their words where it is kept.
type message struct {
	Type       string    `json:"type"`
	Subtype    string    `json:"subtype"`
	User       string    `json:"user"`
	Username   string    `json:"username"`
	BotID      string    `json:"bot_id"`
	AppID      string    `json:"app_id"`
	Text       string    `json:"text"`
	TS         string    `json:"ts"`
	ThreadTS   string    `json:"thread_ts"`
	Blocks     laxBlocks `json:"blocks"`
	Permalink  string    `json:"permalink"`
	Hidden     bool      `json:"hidden"`
	Files      laxFiles  `json:"files"`
	BotProfile struct {
		Name string `json:"name"`
	} `json:"bot_profile"`
	Attachments json.RawMessage `json:"attachments"`
}

// laxBlocks holds what can be read and forgets the rest.
type laxBlocks []laxBlock

type laxBlock struct {
	BlockID  string `json:"block_id"`
	Elements []struct {
		Type    string   `json:"type"`
		Options []option `json:"options"`
	} `json:"elements"`
	words wordy
}

// UnmarshalJSON never fails: a block of an unknown shape is left empty.
func (l *laxBlocks) UnmarshalJSON(raw []byte) error {
	var blocks []json.RawMessage
	if json.Unmarshal(raw, &blocks) != nil {
		return nil
	}
	for _, b := range blocks {
		var one laxBlock
		if json.Unmarshal(b, &one) != nil {
			one = laxBlock{}
		}
		if json.Unmarshal(b, &one.words) != nil {
			one.words = wordy{}
		}
		*l = append(*l, one)
	}
	return nil
}

// options of the boxes in a block.
func (l laxBlocks) options(blockID string) []string {
	for _, b := range l {
		if b.BlockID != blockID || len(b.Elements) == 0 {
			continue
		}
		var values []string
		for _, o := range b.Elements[0].Options {
			values = append(values, o.Value)
		}
		return values
	}
	return nil
}

type view struct {
	ID              string    `json:"id"`
	Type            string    `json:"type"`
	CallbackID      string    `json:"callback_id"`
	PrivateMetadata string    `json:"private_metadata"`
	ExternalID      string    `json:"external_id"`
	Blocks          laxBlocks `json:"blocks"`
	State           struct {
		Values map[string]map[string]action `json:"values"`
	} `json:"state"`
}

// envelope is one delivery of the Events API.
type envelope struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	EventID   string `json:"event_id"`
	TeamID    string `json:"team_id"`
	Event     event  `json:"event"`
}

// event is any inner event. User and Channel are an id or an object, by its type.
type event struct {
	Type        string   `json:"type"`
	Subtype     string   `json:"subtype"`
	User        idOrUser `json:"user"`
	Channel     idOrUser `json:"channel"`
	Team        string   `json:"team"`
	Reaction    string   `json:"reaction"`
	Tab         string   `json:"tab"`
	Inviter     string   `json:"inviter"`
	ChannelType string   `json:"channel_type"`
	Item        struct {
		Type    string `json:"type"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	} `json:"item"`
	Message   *message `json:"message"`
	DeletedTS string   `json:"deleted_ts"`
}

// idOrUser is "U1" or {"id":"U1", …}.
type idOrUser struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	RealName          string `json:"real_name"`
	TeamID            string `json:"team_id"`
	Deleted           bool   `json:"deleted"`
	IsBot             bool   `json:"is_bot"`
	IsRestricted      bool   `json:"is_restricted"`
	IsUltraRestricted bool   `json:"is_ultra_restricted"`
	IsStranger        bool   `json:"is_stranger"`
	whole             bool
}

func (u *idOrUser) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &u.ID)
	}
	type alias idOrUser
	err := json.Unmarshal(raw, (*alias)(u))
	u.whole = err == nil && u.ID != ""
	return err
}
