package commands

// houseVerbs lists what is decided about drbot itself.
func houseVerbs() []Verb { return nil }
