package incident

// Right is what a person may do; roles in drbot.yaml carry these names and do not include one another.
type Right string

const (
	Everyone  Right = "everyone"
	Responder Right = "responder"
	Operator  Right = "operator"
	Approver  Right = "approver"
	Admin     Right = "admin"
)

// Rights answers from the people table as it is now, never from a network (I10).
type Rights interface {
	May(key string, right Right) bool
}
