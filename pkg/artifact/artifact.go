// Package artifact describes a build artifact in a Remote Cache: its [ID], its
// [Metadata], the [Team] that owns it, and the [Source] of its bytes.
//
// It rejects the values that the API would reject. It uses no network, no
// terminal and no environment variables. Start at [OpenFile], [ParseID] and
// [Metadata].
package artifact

import (
	"strings"
	"time"
)

// Metadata says where an artifact comes from. A nil pointer or an empty string
// omits the header. The client and the server check the API's limits.
type Metadata struct {
	// CI is the constant of the CI vendor, as watson/ci-info spells it:
	// GITHUB_ACTIONS, GITLAB, VERCEL and so on.
	CI string
	// Interactive reports whether a person watched the upload.
	Interactive *bool
	// SHA is the revision of the source that the artifact was built from.
	SHA string
	// DirtyHash is a hash of uncommitted changes; it is empty for a clean tree.
	DirtyHash string
	// Duration is how long the build took. The API has millisecond resolution.
	Duration *time.Duration
	// Tag is the artifact's signature, in base64.
	Tag string
}

// teamIDPrefix begins Vercel's team ids.
const teamIDPrefix = "team_"

// Team identifies the owner of an artifact by id, slug, or both. The zero Team is
// the personal account.
type Team struct {
	// ID is the team's id. Only an id that begins with "team_" is sent to a
	// server; any other is still signed.
	ID string
	// Slug is the name in the team's URLs.
	Slug string
}

// ParseTeam parses a team id, which begins with "team_", or a slug.
func ParseTeam(s string) Team {
	if strings.HasPrefix(s, teamIDPrefix) {
		return Team{ID: s}
	}
	return Team{Slug: s}
}

// QueryID returns the id to send in a request. Like turbo, it returns an empty
// string for an id that does not begin with "team_".
func (t Team) QueryID() string {
	if strings.HasPrefix(t.ID, teamIDPrefix) {
		return t.ID
	}
	return ""
}
