package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

func newStatusCommand(a *app) *cobra.Command {
	var net networkOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the cache that is meant, who you are there, and its state",
		Long: `Show which API and team are meant and where each setting comes from, whether the
token is valid there, whom it belongs to where the server tells, and whether
the cache is enabled. Many servers do not tell: then the cache is "unknown".

The exit code is 0 where the cache is enabled or unknown, 3 without a valid
token, 5 where the cache is disabled, paused or over its limit, and 9 where
nobody answers.`,
		Example: `  artifact status
  artifact status --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runStatus(cmd.Context(), a, net)
		},
	}
	net.register(cmd.Flags())
	return cmd
}

func runStatus(ctx context.Context, a *app, net networkOptions) error {
	resolver, s, err := a.resolve(net)
	if err != nil {
		return err
	}
	found, err := a.inquire(ctx, net, resolver, s)
	return a.printStatus(found, err)
}

// inquiry is what can be known of a cache and of whoever uses it.
type inquiry struct {
	settings settings.Settings
	network  network
	proxy    string             // empty where requests go straight
	user     client.User        // empty where the server does not tell
	cache    client.CacheStatus // empty where it could not be asked
	identity *identityJSON      // nil where the token is none of a CI job's
}

// inquire asks the server what the token is good for. What it found until an
// error is worth showing too.
func (a *app) inquire(ctx context.Context, net networkOptions, resolver *settings.Resolver, s settings.Settings) (inquiry, error) {
	err := a.authorize(ctx, net, resolver, &s)
	found := inquiry{settings: s}
	if err != nil {
		return found, err
	}
	cache, err := a.newClient(s, net, 1)
	if err != nil {
		return found, err
	}
	found.proxy = cache.Proxy()
	if found.network, err = a.network(net); err != nil {
		return found, err
	}
	next := "It comes from " + s.TokenOrigin + ". artifact login stores another one."
	if a.identity != nil {
		found.identity, next = a.newIdentityJSON(), a.refusedIdentity()
	}
	unchecked, err := a.checkToken(ctx, cache, next)
	if err != nil {
		return found, err
	}
	if resolver.Origin() == credential.Vercel {
		found.user, err = cache.User(ctx)
		if err != nil {
			a.warn(err.Error())
		}
	}
	found.cache, err = a.cacheStatus(ctx, cache, next, unchecked)
	if _, closed := closedWords[found.cache]; err == nil && closed {
		err = &closedError{found.cache}
	}
	return found, err
}

// checkToken returns an error if the server refuses the token or cannot be
// reached. An answer that says nothing about the token is unchecked. next is
// what to do about a refusal.
func (a *app) checkToken(ctx context.Context, cache *client.Client, next string) (unchecked, err error) {
	verdict, err := cache.CheckToken(ctx)
	var answered *client.Error
	switch {
	case err == nil, !errors.As(err, &answered):
		return nil, err
	case verdict == client.Refused:
		return nil, &refusedError{answered, next}
	case answered.Status == 0, answered.By == client.ByChallenge, answered.By == client.BySignIn, answered.By == client.ByGate:
		return nil, err // nothing gets through to the cache
	}
	return err, nil
}

// cacheStatus asks for the state of the cache, where a 401 speaks of the token. A
// 403 does not always: gateways have it for a route that they do not know. It
// warns of a token that was not checked, unless the token is refused here.
func (a *app) cacheStatus(ctx context.Context, cache *client.Client, next string, unchecked error) (client.CacheStatus, error) {
	status, err := cache.Status(ctx)
	var answered *client.Error
	if errors.As(err, &answered) && answered.Status == http.StatusUnauthorized && answered.By == client.ByCache {
		return "", &refusedError{answered, next}
	}
	if unchecked != nil {
		a.warn("whether the token is valid could not be found out: " + unchecked.Error())
	}
	switch {
	case answered == nil:
		return status, err
	case answered.Status == http.StatusForbidden, answered.Status == http.StatusBadRequest:
		return client.CacheUnknown, nil
	}
	return "", err
}

// statusJSON is what status prints with --json. Scripts rely on the names.
type statusJSON struct {
	API  string       `json:"api"`
	Team *teamJSON    `json:"team,omitempty"`
	User *client.User `json:"user,omitempty"`
	// Identity is the CI job's own.
	Identity *identityJSON      `json:"identity,omitempty"`
	Cache    client.CacheStatus `json:"cache,omitempty"`
	Proxy    string             `json:"proxy,omitempty"`
	// Headers are the names of further ones.
	Headers           []string    `json:"headers,omitempty"`
	ClientCertificate string      `json:"clientCertificate,omitempty"`
	Preflight         bool        `json:"preflight,omitempty"`
	Origins           originsJSON `json:"origins"`
	Error             *errorJSON  `json:"error,omitempty"`
}

type teamJSON struct {
	ID   string `json:"id,omitempty"`
	Slug string `json:"slug,omitempty"`
}

// originsJSON tell where each setting came from.
type originsJSON struct {
	API          string `json:"api"`
	Team         string `json:"team,omitempty"`
	Token        string `json:"token,omitempty"`
	SignatureKey string `json:"signatureKey,omitempty"`

	Proxy             string `json:"proxy,omitempty"`
	Headers           string `json:"headers,omitempty"`
	ClientCertificate string `json:"clientCertificate,omitempty"`
	Preflight         string `json:"preflight,omitempty"`
}

// originDefault is the origin of what nothing sets.
const originDefault = "default"

func newStatusJSON(found inquiry, err error) statusJSON {
	s := found.settings
	shown := statusJSON{
		API: apiOf(s), Identity: found.identity, Cache: found.cache, Error: newErrorJSON(err),
		Origins: originsJSON{API: s.APIOrigin, Team: s.TeamOrigin, Token: s.TokenOrigin, SignatureKey: s.SignatureKeyOrigin},
	}
	shown.showNetwork(found)
	if shown.Origins.API == "" {
		shown.Origins.API = originDefault
	}
	if s.Team != (artifact.Team{}) {
		shown.Team = &teamJSON{s.Team.ID, s.Team.Slug}
	}
	if found.user != (client.User{}) {
		shown.User = &found.user
	}
	return shown
}

// printStatus prints an inquiry and returns its error.
func (a *app) printStatus(found inquiry, err error) error {
	shown := newStatusJSON(found, err)
	switch {
	case a.common.json:
		a.printJSON(shown)
		if err != nil {
			return &artifactError{err}
		}
		return nil
	case a.common.quiet:
		if found.cache != "" {
			fmt.Fprintln(a.streams.results, found.cache)
		}
		return err
	}
	a.printFact("API", shown.API, shown.Origins.API)
	a.printFact("team", teamText(found.settings.Team), shown.Origins.Team)
	if shown.Origins.Token != "" {
		a.printFact("token", "found", shown.Origins.Token)
	}
	if shown.Origins.SignatureKey != "" {
		a.printFact("signature key", "found", shown.Origins.SignatureKey)
	}
	if shown.Identity != nil {
		a.printFact("identity", shown.Identity.text(time.Now()), "")
	}
	a.printNetwork(shown)
	if shown.User != nil {
		a.printFact("user", userText(found.user), "")
	}
	if found.cache != "" {
		a.printFact("cache", string(found.cache), "")
	}
	return err
}

func apiOf(s settings.Settings) string {
	if s.API == "" {
		return client.DefaultAPI
	}
	return s.API
}

// teamText names a team as people know it.
func teamText(team artifact.Team) string {
	switch {
	case team.Slug != "" && team.ID != "":
		return team.Slug + ", " + team.ID
	case team == (artifact.Team{}):
		return "none, which is the personal account"
	}
	return team.Slug + team.ID
}

// userText names a user as people know them.
func userText(user client.User) string {
	var names []string
	for _, name := range []string{user.Username, user.Name, user.Email, user.ID} {
		if name != "" && len(names) < 2 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// showNetwork adds what lies between this machine and the cache.
func (s *statusJSON) showNetwork(found inquiry) {
	n := found.network
	s.Proxy, s.Headers, s.Preflight = found.proxy, headerNames(n.header), found.settings.Preflight
	s.Origins.Headers, s.Origins.Preflight = n.headerOrigin, found.settings.PreflightOrigin
	if s.Proxy != "" {
		s.Origins.Proxy = n.proxyOrigin
	}
	if n.certificate != nil {
		s.ClientCertificate, s.Origins.ClientCertificate = certificateText(n.certificate), n.certificateOrigin
	}
}

// printNetwork prints the same, where there is any of it.
func (a *app) printNetwork(s statusJSON) {
	if s.Proxy != "" {
		a.printFact("proxy", s.Proxy, s.Origins.Proxy)
	}
	if len(s.Headers) > 0 {
		a.printFact("headers", strings.Join(s.Headers, ", "), s.Origins.Headers)
	}
	if s.ClientCertificate != "" {
		a.printFact("client certificate", s.ClientCertificate, s.Origins.ClientCertificate)
	}
	if s.Preflight {
		a.printFact("preflight", "on", s.Origins.Preflight)
	}
}
