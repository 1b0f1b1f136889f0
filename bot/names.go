package bot

// Names of the two followers; a store is opened with them.
const (
	SayName  = "slack.say"
	DrawName = "slack.draw"
)
