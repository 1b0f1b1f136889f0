package main

import (
	"os"

	"github.com/drbot/drbot/integrations/http"
	"github.com/drbot/drbot/integrations/postgres"
	"github.com/drbot/drbot/integrations/redis"
	"github.com/drbot/drbot/integrations/ssh"
	"github.com/drbot/drbot/runner/attempt"
)

// supervised does the work of a supervisor, of a step, or of the far end of a connection, where this process was started for that;
// then it never returns. Otherwise it returns false at once.
func supervised() bool {
	attempt.ReachBy(ssh.Link{})
	return attempt.SupervisorMain(executors()...)
}

// executors are the interpreters beside bash and sqlite. Kubernetes is reached by kubectl in bash.
func executors() []attempt.Executor {
	return []attempt.Executor{postgres.Executor{Notes: os.Stderr}, redis.Executor{}, http.Executor{}}
}
