package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

func newStatusCommand(a *app) *cobra.Command {
	var net networkOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which cache and team are in use and whether you are logged in",
		Long: `Show which API and team are in use and where each setting comes from, whether
the token is valid, who it belongs to, and whether the cache is enabled. Many
servers do not report the last two: then the cache is "unknown".

The exit code is 0 if the cache is enabled or unknown, 3 without a valid token,
5 if the cache is disabled, paused or over its limit, and 9 if the server cannot
be reached.`,
		Example: `  artifact status
  artifact status --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), a, net) },
	}
	net.register(cmd.Flags())
	return cmd
}

func runStatus(ctx context.Context, a *app, net networkOptions) error {
	resolver, s, err := a.resolve(net)
	if err != nil {
		return err
	}
	authErr := a.authorize(ctx, net, resolver, &s)
	found := newStatusJSON(s)
	if err = authErr; err == nil {
		err = a.askServer(ctx, net, resolver.Origin() == credential.Vercel, s, &found)
	}
	return a.printStatus(s, found, err)
}

// askServer asks the server about the token. With an error, it returns what it
// found before.
func (a *app) askServer(ctx context.Context, net networkOptions, isVercel bool, s settings.Settings, found *statusJSON) error {
	cache, err := a.newClient(s, net, 1)
	if err != nil {
		return err
	}
	path, err := a.network(net)
	if err != nil {
		return err
	}
	found.showNetwork(cache.Proxy(), path)
	next := "It comes from " + s.TokenOrigin + ". Run artifact login to store another one."
	if a.identity.Load() != nil {
		found.Identity, next = a.newIdentityJSON(), a.refusedIdentity()
	}
	unchecked, err := a.checkToken(ctx, cache, next)
	if err != nil {
		return err
	}
	if isVercel {
		user, err := cache.User(ctx)
		if err != nil {
			a.warn(err.Error())
		}
		found.User = user
	}
	if found.Cache, err = a.cacheStatus(ctx, cache, next, unchecked); err != nil {
		return err
	}
	if _, closed := closedWords[found.Cache]; closed {
		return &closedError{found.Cache}
	}
	return nil
}

// checkToken returns an error if the server refuses the token or cannot be
// reached. With any other error, the token is unchecked. next is the hint for a
// refusal.
func (a *app) checkToken(ctx context.Context, cache *client.Client, next string) (unchecked, err error) {
	verdict, err := cache.CheckToken(ctx)
	var answered *client.Error
	switch {
	case err == nil, !errors.As(err, &answered):
		return nil, err
	case verdict == client.Refused:
		return nil, &refusedError{answered, next}
	case answered.Status == 0, answered.By == client.ByChallenge, answered.By == client.BySignIn, answered.By == client.ByGate:
		return nil, err // the cache cannot be reached
	}
	return err, nil
}

// cacheStatus asks for the state of the cache. A 401 means that the token is
// refused, but a 403 may come from a gateway for an unknown route. It warns if
// the token could not be checked otherwise.
func (a *app) cacheStatus(ctx context.Context, cache *client.Client, next string, unchecked error) (client.CacheStatus, error) {
	status, err := cache.Status(ctx)
	var answered *client.Error
	if errors.As(err, &answered) && answered.Status == http.StatusUnauthorized && answered.By == client.ByCache {
		return "", &refusedError{answered, next}
	}
	switch {
	case answered != nil && (answered.Status == http.StatusForbidden || answered.Status == http.StatusBadRequest):
		status, err = client.CacheUnknown, nil
	case answered != nil:
		return "", err // more important than an unchecked token
	}
	if unchecked != nil {
		a.warn("could not check whether the token is valid: " + unchecked.Error())
	}
	return status, err
}

// statusJSON is the result of status, as --json prints it. Scripts rely on the
// names.
type statusJSON struct {
	API               string             `json:"api"`
	Team              teamJSON           `json:"team,omitzero"`
	User              client.User        `json:"user,omitzero"`      // zero if the server does not tell
	Identity          *identityJSON      `json:"identity,omitempty"` // the CI job's own
	Cache             client.CacheStatus `json:"cache,omitempty"`    // empty if it could not be asked
	Proxy             string             `json:"proxy,omitempty"`
	Headers           []string           `json:"headers,omitempty"` // names only
	ClientCertificate string             `json:"clientCertificate,omitempty"`
	Preflight         bool               `json:"preflight,omitempty"`
	Origins           originsJSON        `json:"origins"`
	Error             *errorJSON         `json:"error,omitempty"`
}

type teamJSON struct {
	ID   string `json:"id,omitempty"`
	Slug string `json:"slug,omitempty"`
}

// originsJSON are the origins of the settings.
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

// newStatusJSON returns the status from the settings alone.
func newStatusJSON(s settings.Settings) statusJSON {
	return statusJSON{
		API: apiOf(s), Team: teamJSON{s.Team.ID, s.Team.Slug}, Preflight: s.Preflight,
		Origins: originsJSON{
			API: cmp.Or(s.APIOrigin, "default"), Team: s.TeamOrigin, Token: s.TokenOrigin,
			SignatureKey: s.SignatureKeyOrigin, Preflight: s.PreflightOrigin,
		},
	}
}

// showNetwork adds the proxy and the network options.
func (s *statusJSON) showNetwork(proxy string, n network) {
	s.Headers, s.Origins.Headers = slices.Sorted(maps.Keys(n.header)), n.headerOrigin
	if s.Proxy = proxy; proxy != "" {
		s.Origins.Proxy = n.proxyOrigin
	}
	if n.certificate != nil {
		s.ClientCertificate, s.Origins.ClientCertificate = certificateText(n.certificate), n.certificateOrigin
	}
}

// printStatus prints the status and returns err.
func (a *app) printStatus(s settings.Settings, found statusJSON, err error) error {
	switch {
	case a.common.json:
		found.Error = newErrorJSON(err)
		a.printJSON(found)
		return a.printed(err)
	case a.common.quiet:
		if found.Cache != "" {
			fmt.Fprintln(a.streams.results, found.Cache)
		}
		return err
	}
	// fact prints a line such as "team: acme (ARTIFACT_TEAM)".
	fact := func(name, value, origin string) {
		if value == "" {
			return
		}
		if origin != "" {
			value += " (" + origin + ")"
		}
		fmt.Fprintln(a.streams.results, printable.Text(name+": "+value))
	}
	origins := found.Origins
	fact("API", found.API, origins.API)
	fact("team", teamText(s.Team), origins.Team)
	for _, secret := range []struct{ name, origin string }{{"token", origins.Token}, {"signature key", origins.SignatureKey}} {
		if secret.origin != "" {
			fact(secret.name, "found", secret.origin)
		}
	}
	if found.Identity != nil {
		fact("identity", found.Identity.text(time.Now()), "")
	}
	fact("proxy", found.Proxy, origins.Proxy)
	fact("headers", strings.Join(found.Headers, ", "), origins.Headers)
	fact("client certificate", found.ClientCertificate, origins.ClientCertificate)
	if found.Preflight {
		fact("preflight", "on", origins.Preflight)
	}
	fact("user", userText(found.User), "")
	fact("cache", string(found.Cache), "")
	return err
}

func apiOf(s settings.Settings) string { return cmp.Or(s.API, client.DefaultAPI) }

// teamText formats a team.
func teamText(team artifact.Team) string {
	return cmp.Or(strings.Trim(team.Slug+", "+team.ID, ", "), "none (personal account)")
}

// userText formats a user.
func userText(user client.User) string {
	var names []string
	for _, name := range []string{user.Username, user.Name, user.Email, user.ID} {
		if name != "" && len(names) < 2 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
