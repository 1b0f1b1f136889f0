package bot

import (
	"context"
	"time"

	"github.com/drbot/drbot/people"
)

// learnEvery is how often Slack is asked for the ids of people whom the configuration names by their email alone.
const learnEvery = time.Hour

// keepLearning asks Slack for them until ctx ends. What cannot be read stays as it was.
func (b *Bot) keepLearning(ctx context.Context) {
	if b.Found == nil || b.People == nil {
		return
	}
	wait := time.Second
	for ctx.Err() == nil {
		if list, ok := b.byEmail(ctx); ok {
			b.Found(ctx, people.FromSlack, list)
			wait = learnEvery
			for _, f := range list {
				b.learn(ctx, f.ID)
			}
		} else {
			wait = min(2*wait, time.Minute)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		case <-b.newStaff:
			b.learnPeople(ctx)
		}
	}
}

// LearnSoon asks Slack at once for what the configuration leaves out, because it was read anew.
func (b *Bot) LearnSoon() {
	select {
	case b.newStaff <- struct{}{}:
	default:
	}
}

// byEmail looks for everybody who has no id of Slack in the configuration: full members alone, since nobody else decides.
// false: Slack did not say of everybody.
func (b *Bot) byEmail(ctx context.Context) (list []people.Found, ok bool) {
	for _, entry := range b.People().All() {
		if entry.Email == "" || entry.Slack != "" && !entry.From(people.FromSlack) {
			continue
		}
		user, err := b.api.GetUserByEmailContext(ctx, entry.Email)
		switch {
		case err != nil && is(troubled(err), "users_not_found", "missing_scope"):
			continue
		case err != nil:
			b.Log.Debug("a person is not known yet", "email", entry.Email, "error", troubled(err))
			return nil, false
		case user.Deleted || user.IsBot || user.IsRestricted || user.IsUltraRestricted || user.IsStranger || b.foreign(user.TeamID):
			continue
		}
		list = append(list, people.Found{Email: entry.Email, ID: user.ID})
	}
	return list, true
}
