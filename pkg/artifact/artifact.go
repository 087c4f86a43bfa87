// Package artifact holds what a build artifact is to a Remote Cache: its
// [ID], its [Metadata], the [Team] that it belongs to, and the [Source] that
// its bytes are read from.
//
// It refuses what the cache's API refuses, before anything is sent. It knows
// no network, no terminal and no environment. Start at [OpenFile], [ParseID] and
// [Metadata].
package artifact

import (
	"strings"
	"time"
)

// Metadata says where an artifact comes from. A nil
// pointer or an empty string leaves the header out. The limits of the API are
// checked where a request is made and where one is received.
type Metadata struct {
	// CI is the constant of the CI vendor, as watson/ci-info spells it:
	// GITHUB_ACTIONS, GITLAB, VERCEL and so on.
	CI string
	// Interactive reports whether a person watched the upload.
	Interactive *bool
	// SHA is the revision of the source that the artifact was built from.
	SHA string
	// DirtyHash stands for the uncommitted changes of that source; it is
	// empty for a clean tree.
	DirtyHash string
	// Duration is the time that the build of the artifact took. The API
	// counts whole milliseconds.
	Duration *time.Duration
	// Tag is the artifact's signature, in base64.
	Tag string
}

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
