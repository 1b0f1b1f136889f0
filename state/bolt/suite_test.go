package bolt_test

import (
	"testing"

	"github.com/drbot/drbot/state"
	"github.com/drbot/drbot/state/bolt"
	"github.com/drbot/drbot/state/statetest"
)

func TestSuite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.OpenFunc {
		dir := t.TempDir()
		return func(o statetest.Options) (state.Store, error) {
			return bolt.Open(dir, bolt.Options{Followers: o.Followers, Now: o.Now})
		}
	})
}
