package bot

import (
	"encoding/json"
	"testing"

	"github.com/drbot/drbot/incident"
)

// The token goes to Slack's hosts alone, or to the host that stands in for it.
func TestI38_TheTokenOfADownloadGoesToSlackAlone(t *testing.T) {
	real, standin := &Bot{}, &Bot{Options: Options{APIURL: "http://127.0.0.1:8065/api/"}}
	for address, want := range map[string]bool{
		"https://files.slack.com/files-pri/T1-F1/a.png": true, "https://slack.com/x": true, "https://files.slack-gov.com/x": true,
		"http://files.slack.com/x": false, "https://files.slack.com.evil.example/x": false, "https://evilslack.com/x": false,
		"https://user:pw@files.slack.com/x": false, "https://evil.example/?https://files.slack.com": false, "": false, "http://127.0.0.1:8065/files/F1/a": false,
	} {
		if got := real.atSlack(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if !standin.atSlack("http://127.0.0.1:8065/files/F1/a") || standin.atSlack("https://127.0.0.1:8065/files/F1/a") || standin.atSlack("http://127.0.0.1:8066/files/F1/a") {
		t.Error("the host that stands in for Slack")
	}
}

// A file that will not be copied says why at once; one of an unknown shape costs only itself.
func TestFilesOfAMessageAreReadAsFarAsTheyCanBe(t *testing.T) {
	var m message
	raw := `{"ts":"1","files":[{"id":"F1","name":"a\u202egnp.png","size":10,"url_private":"https://files.slack.com/F1"},{"id":7},"odd",
		{"id":"F2","title":"core","size":99999999,"url_private":"https://files.slack.com/F2"},{"id":"F3","mode":"tombstone"},{"id":"F4","is_external":true,"url_private":"https://drive.example/F4"}]}`
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatal(err)
	}
	var got []incident.File
	for _, f := range m.Files {
		got = append(got, f.kept())
	}
	if len(got) != 4 || got[0].Why != "" || got[0].Name == "a\u202egnp.png" || got[1].Why != "it is longer than 20 MB" || got[1].Name != "core" ||
		got[2].Why != "it was gone at Slack already" || got[3].Why != "it is kept elsewhere, not at Slack" {
		t.Errorf("%+v", got)
	}
	var odd message
	if err := json.Unmarshal([]byte(`{"ts":"1","files":"none"}`), &odd); err != nil || len(odd.Files) != 0 {
		t.Errorf("%v %+v", err, odd)
	}
}
