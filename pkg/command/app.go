package command

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Env is all that a command has of the world around it.
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

// Getenv returns the value of a variable without what copying left around it. Of
// the signature key every byte counts, as it does for turbo.
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
	global  globalOptions
	// shown is the transfer of a single artifact, once that has begun.
	shown *ui.Transfer
	// identity is set where the job's own was asked for.
	identity *identity.Identity
	// unhurried is for a command that may take its time to end after a signal.
	unhurried atomic.Bool
	// tolerant is for failures that are no more than warnings.
	tolerant bool
}

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

// newClient makes the client that the settings describe, for so many requests at
// a time.
func (a *app) newClient(s settings.Settings, jobs int) (*client.Client, error) {
	roots, err := a.rootCAs(s.API)
	if err != nil {
		return nil, err
	}
	network, err := a.network()
	if err != nil {
		return nil, err
	}
	options := client.Options{
		API:       s.API,
		Token:     s.Token.Reveal(),
		Team:      s.Team,
		UserAgent: userAgent(),
		RootCAs:   roots,
		Preflight: s.Preflight,
		Proxy:     network.proxy,
		Header:    network.header,
		HTTP2:     a.global.http2,
		AllowHTTP: a.global.allowHTTP,
		Retries:   int(min(a.global.retries, 1000)),
		OnRetry:   a.noteRetry,

		Timeout:       time.Duration(a.global.timeout),
		StallTimeout:  time.Duration(a.global.stallTimeout),
		AnswerTimeout: time.Duration(a.global.answerTimeout),

		Jobs:        jobs,
		RequestRate: a.global.limitRequests.perSecond,
		ByteRate:    a.global.limitRate.perSecond,

		ClientCertificate: network.certificate,

		Trace: a.trace(),
	}
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
