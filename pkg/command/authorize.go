package command

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// resolve finds out which cache is meant, and for which team. It asks for no
// credential: see authorize.
func (a *app) resolve() (*settings.Resolver, settings.Settings, error) {
	if a.global.oidc.enabled {
		if _, err := usertext.ParseValue(a.env.Getenv(identity.EnvToken)); err != nil {
			return nil, settings.Settings{}, &settings.Error{Origin: identity.EnvToken, Err: err}
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "" // it was removed: there is no work tree
	}
	resolver := settings.New(settings.Sources{
		Flags:  settings.Flags{API: string(a.global.api), Team: string(a.global.team), Preflight: a.global.network.preflight.made},
		Getenv: a.env.Getenv,
		Dir:    dir,
		Login:  a.loginStore(),
		Hide:   a.hide,
	})
	s, err := resolver.Resolve()
	return resolver, s, err
}

// authorize finds the token, which must be there.
func (a *app) authorize(ctx context.Context, resolver *settings.Resolver, s *settings.Settings) error {
	if a.global.oidc.enabled {
		return a.authorizeAsJob(ctx, resolver, s)
	}
	if err := resolver.Authorize(ctx, s); err != nil {
		return err
	}
	if s.Token.IsEmpty() {
		return &noCredentialError{withheld: resolver.Withheld(), sudoer: a.sudoer()}
	}
	return nil
}

// authorizedClient is for what cannot be done without a credential. It makes up
// to jobs requests at a time.
func (a *app) authorizedClient(ctx context.Context, jobs int) (*client.Client, settings.Settings, error) {
	resolver, s, err := a.resolve()
	if err != nil {
		return nil, s, err
	}
	if err := a.authorize(ctx, resolver, &s); err != nil {
		return nil, s, err
	}
	c, err := a.newClient(s, jobs)
	return c, s, err
}

// loginStore is where login stores. It reads nothing yet.
func (a *app) loginStore() *credential.Store {
	return credential.NewStore(settings.LoginDir(a.env.Getenv, runtime.GOOS), a.env.Getenv)
}

// sudoer is the user who called sudo to run this as root, or nobody.
func (a *app) sudoer() string {
	if os.Geteuid() != 0 {
		return ""
	}
	return a.env.Getenv("SUDO_USER")
}

// hide keeps a secret out of all that is printed from now on.
func (a *app) hide(secret string) { a.streams.redactor.Add(secret) }

// say prints a part of the story.
func (a *app) say(format string, args ...any) {
	if !a.global.quiet {
		fmt.Fprintln(a.streams.screen, printable.Text(fmt.Sprintf(format, args...)))
	}
}

// passwordOf is the password in the URL of a proxy, which may have no scheme,
// and be malformed.
func passwordOf(proxy string) string {
	at := strings.LastIndexByte(proxy, '@')
	if at < 0 {
		return ""
	}
	userinfo := proxy[:at]
	if _, rest, ok := strings.Cut(userinfo, "://"); ok {
		userinfo = rest
	}
	_, password, _ := strings.Cut(userinfo, ":")
	if plain, err := url.PathUnescape(password); err == nil {
		return plain // the filter knows its escaped forms too
	}
	return password
}

// errNoCredential says that there is no token anywhere.
var errNoCredential = errors.New("no credential: no token is set")

// noCredentialError is errNoCredential with what may explain it.
type noCredentialError struct {
	withheld []string // variables that are set, and for Vercel only
	sudoer   string   // whose login is not seen
}

func (e *noCredentialError) Error() string { return errNoCredential.Error() }
func (e *noCredentialError) Unwrap() error { return errNoCredential }

// refusedError is a token that the server does not accept.
type refusedError struct {
	answered *client.Error
	next     string // what to do about it
}

func (e *refusedError) Error() string {
	return "the token is refused: " + e.answered.Reason()
}
func (e *refusedError) Unwrap() error { return e.answered }

// closedError is a cache that takes nothing, whoever asks.
type closedError struct{ status client.CacheStatus }

func (e *closedError) Error() string {
	return "Remote Caching is " + closedWords[e.status]
}

// closedWords say what is wrong with a cache.
var closedWords = map[client.CacheStatus]string{
	client.CacheDisabled:  "disabled",
	client.CacheOverLimit: "over its limit",
	client.CachePaused:    "paused",
}

// credentialHint says how to come by a credential that can be used.
func credentialHint(err error) string {
	var none *noCredentialError
	var refused *refusedError
	var unconfirmed *settings.UnconfirmedError
	switch {
	case errors.As(err, &unconfirmed):
		api := printable.Text(shellQuote(unconfirmed.API))
		return "Nothing was sent. If that is your cache, confirm it once: artifact login --api " + api +
			"\nIn CI, set ARTIFACT_API=" + api
	case errors.As(err, &refused):
		return refused.next
	case errors.As(err, &none):
		return none.hint()
	}
	return "Unlock the keyring, or set ARTIFACT_TOKEN. Without a keyring: artifact login --insecure-storage stores in a file."
}

func (e *noCredentialError) hint() string {
	var lines []string
	if len(e.withheld) > 0 {
		lines = append(lines, fmt.Sprintf("%s: for Vercel's own cache only, so it is not used here.", strings.Join(e.withheld, ", ")))
	}
	if e.sudoer != "" {
		lines = append(lines, fmt.Sprintf("This runs under sudo, and sees nothing that %s logged in to.", e.sudoer))
	}
	return strings.Join(append(lines,
		"Log in with artifact login, or set ARTIFACT_TOKEN. A cache without authentication takes any ARTIFACT_TOKEN.",
		"To try without a cache of your own: artifact serve -- artifact put FILE"), "\n")
}
