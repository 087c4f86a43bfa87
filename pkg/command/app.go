package command

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Env is the environment of a command.
type Env struct {
	Args   []string // without the program's name
	Stdin  *os.File
	Stdout *os.File
	Stderr *os.File
	// LookupEnv and Environ are as in package os.
	LookupEnv func(name string) (string, bool)
	Environ   func() []string
	// PassSignals, if not nil, is called when signals are forwarded to another
	// program: from then on a second one must not end this process.
	PassSignals func()
}

// Getenv returns the value of a variable without surrounding white space. The
// signature key is returned unchanged, because turbo uses every byte of it.
func (e Env) Getenv(name string) string {
	value, _ := e.LookupEnv(name)
	if name == settings.EnvSignatureKey {
		return value
	}
	return usertext.Clean(value)
}

// app is the state that commands share.
type app struct {
	env     Env
	streams *streams
	common  commonOptions
	said    sync.Map // the common causes printed since the last success
	// records, if not nil, gets all messages instead of lines of text.
	records *slog.Logger
	// shown is the transfer of a single artifact, once it has begun.
	shown *ui.Transfer
	// identity is set with --oidc. It is revoked even if the command that set it is
	// abandoned.
	identity atomic.Pointer[identity.Identity]
}

// resolve determines the cache and team to use, but not the credential: see
// authorize.
func (a *app) resolve(net networkOptions) (*settings.Resolver, settings.Settings, error) {
	if net.oidc.enabled {
		if _, err := usertext.ParseValue(a.env.Getenv(identity.EnvToken)); err != nil {
			return nil, settings.Settings{}, &settings.Error{Origin: identity.EnvToken, Err: err}
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "" // the directory was removed: no work tree
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

// authorizedClient returns a client for up to jobs concurrent requests. It fails
// without a credential.
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

// loginStore returns the store of logins, without reading it.
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

// newClient returns a client for up to jobs concurrent requests.
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
	if job := a.identity.Load(); job != nil {
		options.Tokens = job
	}
	c, err := client.New(options)
	if err != nil {
		return nil, &settings.Error{Origin: s.APIOrigin, Err: err}
	}
	return c, nil
}

// userAgent returns the User-Agent: product, version and platform.
func userAgent() string {
	name := release
	if name == "" {
		name = "dev"
	}
	return fmt.Sprintf("artifact/%s (%s; %s)", name, runtime.GOOS, runtime.GOARCH)
}
