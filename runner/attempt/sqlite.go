package attempt

import "errors"

const sqliteName = "drbot-sqlite"

func (c *child) useSQLite([]string, []Var) error { return errors.New("not here") }

func sqliteMain() int { return 1 }
