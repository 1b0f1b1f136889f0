package commands

// incidentVerbs lists the verbs of `/incident`.
func incidentVerbs() []Verb { return nil }
