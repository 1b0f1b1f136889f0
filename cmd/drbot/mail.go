package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/drbot/drbot/commands"
	"github.com/drbot/drbot/incident"
	"github.com/drbot/drbot/integrations/mail"
	"github.com/drbot/drbot/secret"
	"github.com/drbot/drbot/state/follow"
)

// rawMail is the key mail of drbot.yaml.
type rawMail struct {
	Host       string    `yaml:"host"`
	Port       int       `yaml:"port"` // absent: the usual one of tls
	TLS        string    `yaml:"tls"`  // starttls | implicit | none; absent: starttls
	CA         string    `yaml:"ca"`   // file of certificates that sign the server's; absent: the system's
	User       string    `yaml:"user"`
	Password   rawSecret `yaml:"password"`
	From       string    `yaml:"from"`
	To         []string  `yaml:"to"`
	Executives []string  `yaml:"executives"`
	Drills     bool      `yaml:"drills"` // drills are mailed too
}

// rawMessages is the key messages of drbot.yaml: what needs a second pair of eyes, and whose.
type rawMessages struct {
	SecondLook []string `yaml:"second_look"`
	By         []string `yaml:"by"` // emails; absent: every other responder
}

// mailConfig is what the link is made of; the password is read when the link is made.
type mailConfig struct {
	On       bool
	Options  mail.Options
	CA       string
	Password secretSource
}

func (r rawMail) on() bool {
	return r.Host != "" || r.From != "" || r.User != "" || len(r.To)+len(r.Executives) > 0
}

// mail checks the keys mail and messages, and completes what decisions need of all that is outside of the chat.
func (w *written) mail(c *config) error {
	r := w.Mail
	m := mailConfig{On: r.on(), CA: w.path(r.CA, ""), Password: secretSource{file: w.path(r.Password.File, ""), env: r.Password.Env}}
	m.Options = mail.Options{Host: r.Host, Port: r.Port, TLS: r.TLS, User: r.User, From: r.From, To: r.To, Executives: r.Executives, Drills: r.Drills}
	if m.Options.TLS == "" {
		m.Options.TLS = mail.StartTLS
	}
	if m.Options.Port == 0 {
		m.Options.Port = mail.Port(m.Options.TLS)
	}
	if m.On {
		trial := m.Options
		if r.User != "" && r.Password != (rawSecret{}) {
			trial.Password = secret.New("…")
		}
		if err := trial.Valid(); err != nil {
			return w.places.fault(fmt.Errorf("mail: %w", err), "mail")
		}
		if r.Password.File != "" && r.Password.Env != "" {
			return w.places.fault(errors.New("mail.password: name either file or env"), "mail", "password")
		}
	}
	c.Mail = m
	return w.messages(c)
}

// messages completes the outlets.
func (w *written) messages(c *config) error {
	out := commands.Outlets{Drills: c.Mail.Options.Drills, Names: map[incident.Audience]string{}}
	if c.Mail.On && len(c.Mail.Options.Executives) > 0 {
		out.Open = append(out.Open, incident.AudienceExecutives)
		out.Names[incident.AudienceExecutives] = strings.Join(c.Mail.Options.Executives, ", ")
	}
	if c.Mail.On && len(c.Mail.Options.To) > 0 {
		out.Open = append(out.Open, incident.AudienceMail)
		out.Names[incident.AudienceMail] = strings.Join(c.Mail.Options.To, ", ")
	}
	if c.StatusPage.On {
		out.Open = append(out.Open, incident.AudienceStatus)
		out.Names[incident.AudienceStatus], out.Components = c.StatusPage.Settings.URL, c.StatusPage.Settings.Components
	}
	for k, name := range w.Messages.SecondLook {
		a := incident.Audience(name)
		if !slices.Contains(incident.Audiences, a) || !a.Outside() {
			return w.places.fault(fmt.Errorf("messages.second_look: %q is none of executives, mail, status", name), "messages", "second_look", k)
		}
		out.Second = append(out.Second, a)
	}
	for k, email := range w.Messages.By {
		e, ok := c.People.Email(email)
		switch {
		case !ok:
			return w.places.fault(fmt.Errorf("messages.by: %q is nobody's email in people", email), "messages", "by", k)
		case !c.People.May(e.Key(), incident.Responder):
			return w.places.fault(fmt.Errorf("messages.by: %s is no responder", e.Name), "messages", "by", k)
		}
		out.SecondBy = append(out.SecondBy, e.Key())
	}
	if len(out.SecondBy) == 1 {
		return w.places.fault(errors.New("messages.by: one person cannot look at their own messages; name a second"), "messages", "by")
	}
	for level, every := range c.Commands.Executives {
		if len(c.Mail.Options.Executives) == 0 {
			return w.places.fault(fmt.Errorf("severities.%d.executives: promises updates every %s, and mail.executives names nobody", level, every), "severities", fmt.Sprint(level), "executives")
		}
	}
	c.Commands.Outlets = out
	return nil
}

// options are the link's, with the password and the certificates read.
func (m mailConfig) options(getenv func(string) string) (o mail.Options, err error) {
	o = m.Options
	if o.User != "" {
		if o.Password, err = m.Password.value(getenv); err != nil {
			return o, fmt.Errorf("mail.password: %w", err)
		}
	}
	if m.CA != "" {
		pem, err := os.ReadFile(m.CA)
		if err != nil {
			return o, fmt.Errorf("mail.ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return o, fmt.Errorf("mail.ca: %s holds no certificate", m.CA)
		}
		o.Roots = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return o, nil
}

// follows adds the follower's name where mail is configured: what happened before is never mailed.
func (m mailConfig) follows(names []string) []string {
	if m.On {
		names = append(slices.Clone(names), mail.Name)
	}
	return names
}

// openMail makes the link. A password that cannot be read is an outage like a server that is down: mail waits, and drbot
// says so.
func (h *house) openMail() []follow.Follower {
	if !h.config.Mail.On {
		return nil
	}
	o, err := h.config.Mail.options(h.getenv)
	if err != nil {
		h.log.Warn("mail waits until drbot is started with a readable password and certificate", "error", err)
		o.Broken = err
	}
	o.Read, o.Now, o.Send = h.store, h.clock.Now, h.outcomes.send
	h.mail = mail.New(o)
	return []follow.Follower{h.mail}
}

// mailDegraded says what of the mail does not work.
func (h *house) mailDegraded() []string {
	if h.mail == nil {
		return nil
	}
	return h.mail.Degraded()
}

// outlets are how the audiences outside of the chat are reached.
func (h *house) outlets() map[incident.Audience]string { return h.settings().Commands.Outlets.Names }

// checkMail says what of the mail would not work.
func checkMail(ctx context.Context, c *config, getenv func(string) string, offline bool) []finding {
	if !c.Mail.On {
		return nil
	}
	o, err := c.Mail.options(getenv)
	if err != nil {
		return []finding{{"error", err.Error() + ".", "Mend it, and start drbot anew: until then mail waits."}}
	}
	var found []finding
	for _, f := range mail.Check(ctx, o, offline) {
		found = append(found, finding{f.Level, f.What, f.Fix})
	}
	return found
}
