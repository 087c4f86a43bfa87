package settings

import (
	"cmp"
	"errors"
	"runtime"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Sources are the sources of settings.
type Sources struct {
	Flags  Flags
	Getenv func(string) string
	Dir    string // current directory; empty for no work tree
	Login  *credential.Store
	Hide   func(secret string) // called with each secret that is read
}

// Resolver resolves settings once. It is not safe for concurrent use.
type Resolver struct {
	from   Sources
	places places
	tree   workTree

	login     *credential.Accounts // read on demand, like all below
	turboUser *layer
	origin    credential.Origin // of the API
	// unconfirmed is set, to an [*UnconfirmedError], if only the work tree names the API.
	unconfirmed error
}

// New returns a resolver that has read nothing yet.
func New(from Sources) *Resolver {
	return &Resolver{from: from, places: findPlaces(from.Getenv, runtime.GOOS)}
}

// Resolve takes each setting except the token from the first source that has it:
// flags; our variables, turbo's and Vercel's; .turbo/config.json, turbo.json and
// the Vercel CLI's link; the login, whose team is for its API only; turbo's
// user-level file. An empty value counts as not set.
//
// It also checks a token in the environment. The error is an [*Error] or a
// [*credential.FileError].
func (r *Resolver) Resolve() (s Settings, err error) {
	if r.tree, err = findWorkTree(r.from.Dir); err != nil {
		return Settings{}, err
	}
	r.from.Hide(r.tree.config.Token)
	if s.API, s.APIOrigin, err = r.findAPI(); err != nil {
		return Settings{}, err
	}
	base, err := api.ParseBaseURL(s.API)
	if err == nil {
		r.origin, err = credential.OriginOf(base)
	}
	if err != nil {
		return Settings{}, &Error{Origin: cmp.Or(s.APIOrigin, "default"), Err: err}
	}
	if err := r.judgeAPI(base.String(), s.APIOrigin); err != nil {
		return Settings{}, err
	}
	if s.Team, s.TeamOrigin, err = r.findTeam(); err != nil {
		return Settings{}, err
	}
	if key := r.from.Getenv(EnvSignatureKey); key != "" {
		s.SignatureKey, s.SignatureKeyOrigin = credential.NewSecret(key), EnvSignatureKey
	}
	for _, file := range []layer{r.tree.config, r.tree.turbo} {
		if file.Signature && s.RequireSignatureOrigin == "" {
			s.RequireSignatureOrigin = file.path
		}
	}
	if s.Preflight, s.PreflightOrigin, err = r.findPreflight(); err != nil {
		return Settings{}, err
	}
	_, err = r.inEnvironment() // even if no token is needed, as in a dry run
	return s, err
}

// errNotBool is turbo's error too.
var errNotBool = errors.New("it must be true, 1, false or 0")

// findPreflight looks in the flag and turbo's own places.
func (r *Resolver) findPreflight() (on bool, origin string, err error) {
	if given := r.from.Flags.Preflight; given != nil {
		return *given, "--preflight", nil
	}
	switch r.from.Getenv(EnvTurboPreflight) {
	case "":
	case "true", "1":
		return true, EnvTurboPreflight, nil
	case "false", "0":
		return false, EnvTurboPreflight, nil
	default:
		return false, "", &Error{Origin: EnvTurboPreflight, Err: errNotBool}
	}
	for _, file := range []layer{r.tree.config, r.tree.turbo} {
		if file.Preflight != nil {
			return *file.Preflight, file.path, nil
		}
	}
	return false, "", nil
}

func (r *Resolver) findAPI() (base, origin string, err error) {
	for _, source := range [][2]string{
		{r.from.Flags.API, "--api"},
		{r.from.Getenv(EnvAPI), EnvAPI},
		{r.from.Getenv(EnvTurboAPI), EnvTurboAPI},
		{r.tree.config.APIURL, r.tree.config.path},
		{r.tree.turbo.APIURL, r.tree.turbo.path},
	} {
		if base, err = parseValue(source[1], source[0]); base != "" || err != nil {
			return base, source[1], err
		}
	}
	accounts, err := r.accounts()
	if err != nil || accounts.Default != "" {
		return accounts.Default, LoginOrigin, err
	}
	user, err := r.turboUserFile()
	if err == nil {
		base, err = parseValue(user.path, user.APIURL)
	}
	if base == "" && err == nil {
		return "", "", nil
	}
	return base, user.path, err
}

// parseValue cleans and checks a value. The error is an [*Error].
func parseValue(origin, raw string) (string, error) {
	value, err := usertext.ParseValue(raw)
	if err != nil {
		return "", &Error{Origin: origin, Err: err}
	}
	return value, nil
}

// LoginOrigin is the origin of settings from a login.
const LoginOrigin = "artifact login"

// judgeAPI sets unconfirmed if only the work tree names the API, unless that is
// Vercel's own or has a login.
func (r *Resolver) judgeAPI(base, path string) error {
	fromTree := path != "" && (path == r.tree.config.path || path == r.tree.turbo.path)
	if !fromTree || r.origin == credential.Vercel {
		return nil
	}
	accounts, err := r.accounts()
	if _, confirmed := accounts.ByOrigin[r.origin]; err == nil && !confirmed {
		r.unconfirmed = &UnconfirmedError{API: base, Path: path}
	}
	return err
}

func (r *Resolver) findTeam() (artifact.Team, string, error) {
	for named, err := range r.teams {
		if err == nil {
			named.team, err = named.parse()
		}
		if err != nil || named.team != (artifact.Team{}) {
			return named.team, named.origin, err
		}
	}
	return artifact.Team{}, "", nil
}

// teams yields the team of each source. It reads the Vercel CLI's link, the login and
// turbo's user-level file only if no source above them has a team.
func (r *Resolver) teams(yield func(namedTeam, error) bool) {
	given := append([]namedTeam{{"--team", artifact.ParseTeam(r.from.Flags.Team)}}, teamsInEnvironment(r.from.Getenv)...)
	for _, named := range append(given, r.tree.config.team(), r.tree.turbo.team()) {
		if !yield(named, nil) {
			return
		}
	}
	if !yield(r.tree.link()) {
		return
	}
	accounts, err := r.accounts()
	if !yield(namedTeam{LoginOrigin, accounts.ByOrigin[r.origin].Team()}, err) {
		return
	}
	user, err := r.turboUserFile()
	yield(user.team(), err)
}

func (r *Resolver) accounts() (credential.Accounts, error) {
	if r.login == nil {
		accounts, err := r.from.Login.Accounts()
		if err != nil {
			return credential.Accounts{}, err
		}
		r.login = &accounts
	}
	return *r.login, nil
}

func (r *Resolver) turboUserFile() (layer, error) {
	if r.turboUser != nil {
		return *r.turboUser, nil
	}
	user := layer{path: r.places.turbo}
	if _, err := readUserFile(user.path, &user); err != nil {
		return layer{}, err
	}
	r.from.Hide(user.Token)
	r.turboUser = &user
	return user, nil
}
