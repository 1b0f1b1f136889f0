package main

import (
	"os"

	"github.com/drbot/drbot/integrations/http"
	"github.com/drbot/drbot/integrations/postgres"
	"github.com/drbot/drbot/integrations/redis"
	"github.com/drbot/drbot/runner/attempt"
)

// executors are the interpreters beside bash and sqlite. Kubernetes is reached by kubectl in bash.
func executors() []attempt.Executor {
	return []attempt.Executor{postgres.Executor{Notes: os.Stderr}, redis.Executor{}, http.Executor{}}
}
