// Package examples holds the runbooks that drbot ships: the demo's, and the whole of a team's.
package examples

import "embed"

// Demo is the runbook with its lock that `drbot demo` lays out.
//
//go:embed demo/DISASTER_RECOVERY.md demo/DISASTER_RECOVERY.lock.yaml
var Demo embed.FS
