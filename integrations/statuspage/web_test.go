package statuspage_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/statuspage"
)

// checkers is where the npm packages of these checks are; `make tools` installs them, and Chromium.
const checkers = "testdata/web/node_modules"

func tool(t *testing.T, path string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("checks with an HTML validator and a browser")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run `make tools`, which installs what these checks need", err)
	}
	return path
}

// looks are sites that the checks look at: a bad night, a quiet one, a hostile one.
func looks(t *testing.T) map[string]statuspage.Page {
	t.Helper()
	evil := newTape(t, 9, night, incident.Opened{Severity: 2, Services: []string{"users", "search"}}).
		add(1, incident.UpdateSent{By: ana, Number: 1, To: everybody, Public: strings.Join(pieces, ""), Status: incident.Investigating}).
		add(2, incident.UpdateSent{By: ana, Number: 2, To: everybody, Public: strings.Join(pieces, " \n\n "), Status: incident.Monitoring})
	hostile := settings
	hostile.Title = "Status <b>" + strings.Repeat("Wort", 60)
	hostile.Components = append([]statuspage.Component{{Name: "שלום " + strings.Repeat("L", 200), Services: []string{"users"}}}, hostile.Components...)
	return map[string]statuspage.Page{
		"night":   statuspage.Compose(settings, mainStory(t), night.Add(55*time.Minute)),
		"quiet":   statuspage.Compose(statuspage.Settings{Title: "Example status", Components: settings.Components}, nil, night),
		"over":    statuspage.Compose(settings, mainStory(t), night.Add(20*24*time.Hour)),
		"shaped":  statuspage.Compose(settings, shapedStory(t), night.Add(40*time.Minute)),
		"hostile": statuspage.Compose(hostile, []*statuspage.Entry{evil.read()}, night.Add(time.Hour)),
	}
}

// TestHTMLIsValid lets html-validate look at every page.
func TestHTMLIsValid(t *testing.T) {
	program := tool(t, checkers+"/.bin/html-validate")
	dir := t.TempDir()
	for name, p := range looks(t) {
		for file, body := range files(t, p) {
			if !strings.HasSuffix(file, ".html") {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name+"-"+strings.ReplaceAll(file, "/", "-")), []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	list, err := filepath.Glob(filepath.Join(dir, "*.html"))
	if err != nil || len(list) < 10 {
		t.Fatalf("%d pages, %v", len(list), err)
	}
	out, err := exec.Command(program, append([]string{"--config", "testdata/web/.htmlvalidate.json", "--formatter", "text", "--max-warnings", "0"}, list...)...).CombinedOutput()
	if err != nil {
		t.Errorf("html-validate: %v\n%s", err, out)
	}
	// The checker is checked: a page that is wrong is not let through.
	wrong := filepath.Join(dir, "wrong.html")
	if err := os.WriteFile(wrong, []byte("<!DOCTYPE html>\n<html lang=\"en\"><head><title>x</title></head><body><p><ul></ul></p></body></html>\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "--config", "testdata/web/.htmlvalidate.json", wrong).CombinedOutput(); err == nil {
		t.Errorf("html-validate takes anything: %s", out)
	}
}

// chromium is a browser of this test, spoken to over pipes in its DevTools protocol.
type chromium struct {
	*testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	asked   int
}

func browse(t *testing.T) *chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: run `make tools`, which installs what these checks need", err)
	}
	ourOut, theirIn, theirOut, ourIn := pipes(t)
	profile := t.TempDir()
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4 in the child
	cmd.Env = append(os.Environ(), "HOME="+profile)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	stuck := time.AfterFunc(10*time.Minute, func() { _ = cmd.Process.Kill() }) // then a reading ends, and says so
	c := &chromium{T: t, to: ourOut, from: bufio.NewReaderSize(ourIn, 1<<20)}
	t.Cleanup(func() {
		c.send("", "Browser.close", nil)
		end := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		end.Stop()
		stuck.Stop()
		_, _ = ourOut.Close(), ourIn.Close()
	})
	var target struct{ TargetID string }
	c.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	c.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	c.session = attached.SessionID
	c.call(c.session, "Page.enable", nil, nil)
	return c
}

func pipes(t *testing.T) (ourOut, theirIn, theirOut, ourIn *os.File) {
	t.Helper()
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err = os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return ourOut, theirIn, theirOut, ourIn
}

type spoken struct {
	ID     int
	Method string
	Result json.RawMessage
	Error  *struct{ Message string }
}

func (c *chromium) send(session, method string, params any) {
	c.asked++
	m := map[string]any{"id": c.asked, "method": method}
	if params != nil {
		m["params"] = params
	}
	if session != "" {
		m["sessionId"] = session
	}
	b, err := json.Marshal(m)
	if err == nil {
		_, err = c.to.Write(append(b, 0))
	}
	if err != nil {
		c.Errorf("%s: %v", method, err)
	}
}

func (c *chromium) hear() spoken {
	c.Helper()
	b, err := c.from.ReadBytes(0)
	var m spoken
	if err == nil {
		err = json.Unmarshal(b[:len(b)-1], &m)
	}
	if err != nil {
		c.Fatalf("chromium is gone: %v", err)
	}
	return m
}

func (c *chromium) call(session, method string, params, into any) {
	c.Helper()
	c.send(session, method, params)
	for {
		m := c.hear()
		if m.ID != c.asked {
			continue
		}
		if m.Error != nil {
			c.Fatalf("%s: %s", method, m.Error.Message)
		}
		if into != nil {
			if err := json.Unmarshal(m.Result, into); err != nil {
				c.Fatal(err)
			}
		}
		return
	}
}

// visit loads a page and waits until it is there.
func (c *chromium) visit(url string) {
	c.Helper()
	c.send(c.session, "Page.navigate", map[string]any{"url": url})
	for c.hear().Method != "Page.loadEventFired" {
	}
}

// say evaluates an expression, whose value is a string or a promise of one.
func (c *chromium) say(expression string) string {
	c.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	c.call(c.session, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &answer)
	if e := answer.ExceptionDetails; e != nil {
		c.Fatalf("%s: %s", e.Text, e.Exception.Description)
	}
	return fmt.Sprint(answer.Result.Value)
}

// TestPageIsAccessible lets axe-core look at every page in Chromium, light and dark, on a desk and on a telephone; there no
// page is wider than its window.
func TestPageIsAccessible(t *testing.T) {
	axe, err := os.ReadFile(tool(t, checkers+"/axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	var paths []string
	for name, p := range looks(t) {
		have := files(t, p)
		for file, body := range have {
			mux.HandleFunc("GET /"+name+"/"+file, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", map[string]string{".css": "text/css", ".svg": "image/svg+xml"}[filepath.Ext(file)])
				_, _ = w.Write([]byte(body))
			})
			if strings.HasSuffix(file, ".html") {
				paths = append(paths, "/"+name+"/"+file)
			}
		}
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	c := browse(t)
	for _, scheme := range []string{"light", "dark"} {
		c.call(c.session, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		for _, width := range []int{1200, 320} {
			c.call(c.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
			for _, path := range paths {
				c.visit(server.URL + path)
				where := fmt.Sprintf("%s, %s, %d wide", path, scheme, width)
				if got := c.say(`[document.styleSheets.length, document.scripts.length, matchMedia("(prefers-color-scheme: dark)").matches].join()`); got != fmt.Sprintf("1,0,%t", scheme == "dark") {
					t.Errorf("%s: stylesheets, scripts, dark: %s", where, got)
				}
				if got := c.say(`Math.max(document.documentElement.scrollWidth - innerWidth, 0) + ""`); got != "0" {
					t.Errorf("%s: %s pixels too wide", where, got)
				}
				c.say(string(axe) + `; ""`)
				found := c.say(`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.help + "\n" + v.nodes.map(n => "  " + n.html).join("\n")).join("\n"))`)
				if found != "" {
					t.Errorf("%s:\n%s", where, found)
				}
			}
		}
	}
	// The checker is checked too.
	c.say(`document.documentElement.removeAttribute("lang"); ""`)
	if found := c.say(`axe.run(document).then(r => r.violations.map(v => v.id).join())`); !strings.Contains(found, "html-has-lang") {
		t.Errorf("axe-core takes anything: %q", found)
	}
}
