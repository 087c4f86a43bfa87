package artifact

import "strings"

// teamIDPrefix is what Vercel's team ids begin with.
const teamIDPrefix = "team_"

// Team names whom an artifact belongs to, by id, by slug, or by both. The zero
// Team is the personal account.
type Team struct {
	// ID is the team's id. Only one that begins with "team_" is sent to a
	// server; any other still takes part in a signature.
	ID string
	// Slug is the name that stands in the team's URLs.
	Slug string
}

// ParseTeam reads a team as a person gives it: a value that begins with
// "team_" is an id, any other is a slug.
func ParseTeam(s string) Team {
	if strings.HasPrefix(s, teamIDPrefix) {
		return Team{ID: s}
	}
	return Team{Slug: s}
}

// QueryID returns the id as it goes into a request: empty if it does not look like
// an id, as turbo does it.
func (t Team) QueryID() string {
	if strings.HasPrefix(t.ID, teamIDPrefix) {
		return t.ID
	}
	return ""
}
