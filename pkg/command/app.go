package command

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Env is everything that a command gets from its environment.
type Env struct {
	Args   []string // without the program's name
	Stdin  *os.File
	Stdout *os.File
	Stderr *os.File
	// LookupEnv and Environ give the process's own environment, as package
	// os does.
	LookupEnv func(name string) (string, bool)
	Environ   func() []string
	// PassSignals, if not nil, says that from now on signals are passed on to
	// another program, and that a second one must not end this process.
	PassSignals func()
}

// Getenv returns the value of a variable without the white space that
// copying leaves around it. The signature key is returned as it is, because
// turbo uses every byte of it.
func (e Env) Getenv(name string) string {
	value, _ := e.LookupEnv(name)
	if name == settings.EnvSignatureKey {
		return value
	}
	return usertext.Clean(value)
}

// app is what the commands of one run share.
type app struct {
	env     Env
	streams *streams
	common  commonOptions
	said    causes
	// shown is the transfer of a single artifact, once that has begun.
	shown *ui.Transfer
	// identity is set where the job's own was asked for.
	identity *identity.Identity
}

// resolve finds out which cache and team to use. It looks for no credential: see
// authorize.
func (a *app) resolve(net networkOptions) (*settings.Resolver, settings.Settings, error) {
	if net.oidc.enabled {
		if _, err := usertext.ParseValue(a.env.Getenv(identity.EnvToken)); err != nil {
			return nil, settings.Settings{}, &settings.Error{Origin: identity.EnvToken, Err: err}
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "" // it was removed: there is no work tree
	}
	resolver := settings.New(settings.Sources{
		Flags:  settings.Flags{API: a.common.api, Team: a.common.team, Preflight: net.preflight},
		Getenv: a.env.Getenv,
		Dir:    dir,
		Login:  a.loginStore(),
		Hide:   a.hide,
	})
	s, err := resolver.Resolve()
	return resolver, s, err
}

// authorize finds the token. A missing one is an error.
func (a *app) authorize(ctx context.Context, net networkOptions, resolver *settings.Resolver, s *settings.Settings) error {
	if net.oidc.enabled {
		return a.authorizeAsJob(ctx, net, resolver, s)
	}
	if err := resolver.Authorize(ctx, s); err != nil {
		return err
	}
	if s.Token.IsEmpty() {
		return &noCredentialError{withheld: resolver.Withheld(), sudoer: a.sudoer()}
	}
	return nil
}

// authorizedClient returns a client for up to jobs requests at a time, and
// fails without a credential.
func (a *app) authorizedClient(ctx context.Context, net networkOptions, jobs int) (*client.Client, settings.Settings, error) {
	resolver, s, err := a.resolve(net)
	if err != nil {
		return nil, s, err
	}
	if err := a.authorize(ctx, net, resolver, &s); err != nil {
		return nil, s, err
	}
	c, err := a.newClient(s, net, jobs)
	return c, s, err
}

// loginStore returns the store that login uses. Nothing is read yet.
func (a *app) loginStore() *credential.Store {
	return credential.NewStore(settings.LoginDir(a.env.Getenv, runtime.GOOS), a.env.Getenv)
}

// sudoer returns the user who ran this as root through sudo, or "".
func (a *app) sudoer() string {
	if os.Geteuid() != 0 {
		return ""
	}
	return a.env.Getenv("SUDO_USER")
}

// newClient returns a client that makes up to jobs requests at a time.
func (a *app) newClient(s settings.Settings, net networkOptions, jobs int) (*client.Client, error) {
	roots, err := a.rootCAs(net.caCert, s.API)
	if err != nil {
		return nil, err
	}
	path, err := a.network(net)
	if err != nil {
		return nil, err
	}
	options := net.client
	options.API, options.Token, options.Team, options.Preflight = s.API, s.Token.Reveal(), s.Team, s.Preflight
	options.Proxy, options.Header, options.RootCAs, options.ClientCertificate = path.proxy, path.header, roots, path.certificate
	options.Jobs, options.Retries, options.UserAgent = jobs, int(min(net.retries, 1000)), userAgent()
	options.OnRetry = func(r client.Retry) { a.noteRetry(r, net.retries) }
	options.Trace = trace[client.Exchange](a)
	if a.identity != nil {
		options.Tokens = a.identity
	}
	c, err := client.New(options)
	if err != nil {
		return nil, &settings.Error{Origin: s.APIOrigin, Err: err}
	}
	return c, nil
}

// userAgent names the program to servers: product, version and platform.
func userAgent() string {
	name := release
	if name == "" {
		name = "dev"
	}
	return fmt.Sprintf("artifact/%s (%s; %s)", name, runtime.GOOS, runtime.GOARCH)
}
