package settings

import (
	"cmp"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// The environment variables: ours, turbo's and Vercel's.
const (
	EnvAPI            = "ARTIFACT_API"
	EnvToken          = "ARTIFACT_TOKEN"
	EnvHeaders        = "ARTIFACT_HEADERS"
	EnvTeam           = "ARTIFACT_TEAM"
	EnvTurboAPI       = "TURBO_API"
	EnvTurboToken     = "TURBO_TOKEN"
	EnvTurboTeam      = "TURBO_TEAM"
	EnvTurboTeamID    = "TURBO_TEAMID"
	EnvTurboPreflight = "TURBO_PREFLIGHT"
	EnvSignatureKey   = "TURBO_REMOTE_CACHE_SIGNATURE_KEY"
	EnvPairToken      = "VERCEL_ARTIFACTS_TOKEN"
	EnvPairOwner      = "VERCEL_ARTIFACTS_OWNER"
	EnvVercelToken    = "VERCEL_TOKEN"
	EnvVercelOrg      = "VERCEL_ORG_ID"
	EnvTurboConfig    = "TURBO_CONFIG_DIR_PATH"
	EnvVercelConfig   = "VERCEL_CONFIG_DIR_PATH"
	EnvServeToken     = "ARTIFACT_SERVE_TOKEN"
	EnvServeReadToken = "ARTIFACT_SERVE_READ_TOKEN"
	envXDGConfigHome  = "XDG_CONFIG_HOME"
	envXDGDataHome    = "XDG_DATA_HOME"
)

// SecretVariables returns the variables whose values must never be shown.
func SecretVariables() []string {
	return []string{EnvToken, EnvHeaders, EnvTurboToken, EnvServeToken, EnvServeReadToken, EnvSignatureKey, EnvPairToken, EnvVercelToken}
}

// ProxyVariables returns the variables whose URLs may contain a password.
func ProxyVariables() []string {
	return []string{"ARTIFACT_PROXY", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}
}

// candidate is a token and its origin.
type candidate struct {
	origin, token string
	onlyVercel    bool // for Vercel's own cache
}

// tokensInEnvironment returns the environment's tokens, the most important first.
// In its builds Vercel sets a pair of variables, which counts only if complete.
func tokensInEnvironment(getenv func(string) string) []candidate {
	pair := getenv(EnvPairToken)
	if getenv(EnvPairOwner) == "" {
		pair = ""
	}
	return []candidate{
		{origin: EnvToken, token: getenv(EnvToken)},
		{origin: EnvTurboToken, token: getenv(EnvTurboToken)},
		{origin: EnvPairToken, token: pair, onlyVercel: true},
		{origin: EnvVercelToken, token: getenv(EnvVercelToken), onlyVercel: true},
	}
}

// teamsInEnvironment treats turbo's two variables as one source, so that our slug
// is never combined with turbo's id.
func teamsInEnvironment(getenv func(string) string) []namedTeam {
	turbos := namedTeam{EnvTurboTeamID, artifact.Team{ID: getenv(EnvTurboTeamID), Slug: getenv(EnvTurboTeam)}}
	if turbos.team.ID == "" {
		turbos.origin = EnvTurboTeam
	}
	return []namedTeam{
		{EnvTeam, artifact.ParseTeam(getenv(EnvTeam))},
		turbos,
		{EnvPairOwner, artifact.Team{ID: getenv(EnvPairOwner)}},
		{EnvVercelOrg, linkedTeam(getenv(EnvVercelOrg))},
	}
}

// namedTeam is a team and its origin.
type namedTeam struct {
	origin string
	team   artifact.Team
}

// parse cleans and checks id and slug. The error is an [*Error].
func (n namedTeam) parse() (team artifact.Team, err error) {
	if team.ID, err = parseValue(n.origin, n.team.ID); err == nil {
		team.Slug, err = parseValue(n.origin, n.team.Slug)
	}
	return team, err
}

// linkedTeam returns the team of an organization of the Vercel CLI, which may
// also be a user.
func linkedTeam(org string) artifact.Team {
	if id, err := usertext.ParseValue(org); err == nil { // an error is reported later
		org = artifact.Team{ID: id}.QueryID()
	}
	return artifact.Team{ID: org}
}

// places are the user-level files; empty ones do not exist.
type places struct {
	login  string // directory
	turbo  string
	vercel []string // the most important first
}

// findPlaces returns the places of a user's settings on a system, as in
// runtime.GOOS.
func findPlaces(getenv func(string) string, system string) places {
	var config, data, login string
	switch system {
	case "windows":
		config = getenv("APPDATA")
		data = below(config, "xdg.data")
	case "darwin":
		config = below(getenv("HOME"), "Library", "Application Support")
		data = config
		login = firstAbsolute(getenv(envXDGConfigHome), config)
	default:
		home := getenv("HOME")
		config = firstAbsolute(getenv(envXDGConfigHome), below(home, ".config"))
		data = firstAbsolute(getenv(envXDGDataHome), below(home, ".local", "share"))
	}
	found := places{login: below(cmp.Or(login, config), "artifact")}
	found.turbo = below(firstAbsolute(getenv(EnvTurboConfig), config), "turborepo", "config.json")
	// turbo looks for the Vercel CLI's file next to its own.
	dirs := []string{data, config}
	if moved := getenv(EnvVercelConfig); moved != "" {
		dirs = []string{moved}
	}
	for _, dir := range dirs {
		path := below(dir, "com.vercel.cli", "auth.json")
		if path != "" && (len(found.vercel) == 0 || found.vercel[0] != path) {
			found.vercel = append(found.vercel, path)
		}
	}
	return found
}

// LoginDir returns the directory of logins, or an empty string.
func LoginDir(getenv func(string) string, system string) string {
	return findPlaces(getenv, system).login
}

// below joins names to dir, or returns an empty string if dir is empty.
func below(dir string, names ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, names...)...)
}

// firstAbsolute ignores relative paths, as the XDG Base Directory Specification
// requires.
func firstAbsolute(dirs ...string) string {
	for _, dir := range dirs {
		if filepath.IsAbs(dir) {
			return dir
		}
	}
	return ""
}
