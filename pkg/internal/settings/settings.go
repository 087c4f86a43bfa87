// Package settings finds out which cache is meant, as whom, and for which
// team, from flags and the environment. Every setting remembers where it came
// from, so that an error can name it. Start at [Resolve].
package settings

import (
	"fmt"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

// The variables that are read. Ours come before turbo's.
const (
	EnvAPI         = "ARTIFACT_API"
	EnvToken       = "ARTIFACT_TOKEN"
	EnvTeam        = "ARTIFACT_TEAM"
	EnvTurboAPI    = "TURBO_API"
	EnvTurboToken  = "TURBO_TOKEN"
	EnvTurboTeam   = "TURBO_TEAM"
	EnvTurboTeamID = "TURBO_TEAMID"
)

// SecretVariables are those whose values must never be shown.
func SecretVariables() []string {
	return []string{
		EnvToken, EnvTurboToken, "ARTIFACT_SERVE_TOKEN", "TURBO_REMOTE_CACHE_SIGNATURE_KEY",
		"VERCEL_ARTIFACTS_TOKEN", "VERCEL_TOKEN",
	}
}

// Flags are the settings of a command line, empty where they were not given.
type Flags struct {
	API  string
	Team string
}

// Settings are resolved once. An Origin names the flag or the variable that a
// setting came from, and is empty for a default.
type Settings struct {
	// API is the base URL, empty for the client's default.
	API       string
	APIOrigin string
	// Token is empty where there is none.
	Token       credential.Secret
	TokenOrigin string
	// Team is the personal account where nothing names one. Id and slug
	// always come from one source.
	Team       artifact.Team
	TeamOrigin string
}

// Error is a setting that cannot be used. It never holds a secret.
type Error struct {
	Origin string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Origin, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Resolve takes each setting from the first source that has it: flags, our
// variables, turbo's. An empty variable is one that is not set. Its errors are
// of type [*Error].
func Resolve(flags Flags, getenv func(string) string) (Settings, error) {
	var s Settings
	s.API, s.APIOrigin = first(
		source{"--api", flags.API},
		source{EnvAPI, getenv(EnvAPI)},
		source{EnvTurboAPI, getenv(EnvTurboAPI)})
	token, origin := first(
		source{EnvToken, getenv(EnvToken)},
		source{EnvTurboToken, getenv(EnvTurboToken)})
	// A file's last newline gets into a variable easily.
	s.Token, s.TokenOrigin = credential.NewSecret(strings.TrimSpace(token)), origin
	if err := s.Token.CheckToken(); err != nil {
		return Settings{}, &Error{Origin: origin, Err: err}
	}
	s.Team, s.TeamOrigin = resolveTeam(flags, getenv)
	return s, nil
}

// resolveTeam treats turbo's two variables as one source, so that a slug of
// ours is never joined with an id of theirs.
func resolveTeam(flags Flags, getenv func(string) string) (artifact.Team, string) {
	if team, origin := first(source{"--team", flags.Team}, source{EnvTeam, getenv(EnvTeam)}); team != "" {
		return artifact.ParseTeam(team), origin
	}
	team := artifact.Team{ID: getenv(EnvTurboTeamID), Slug: getenv(EnvTurboTeam)}
	_, origin := first(source{EnvTurboTeamID, team.ID}, source{EnvTurboTeam, team.Slug})
	return team, origin
}

type source struct{ origin, value string }

// first is the first value that is not empty, and where it came from.
func first(sources ...source) (value, origin string) {
	for _, s := range sources {
		if s.value != "" {
			return s.value, s.origin
		}
	}
	return "", ""
}
