package commands

import "context"

// stepOutcome carries out what the runner reports; known is false for an outcome of another kind.
func (o *Office) stepOutcome(ctx context.Context, c Command) (reply Reply, known bool, err error) {
	return Reply{}, false, nil
}
