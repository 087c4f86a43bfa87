package settings

import (
	"context"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Authorize finds the token for the API from [Resolver.Resolve]. It takes the
// first of: our variable, turbo's and Vercel's; .turbo/config.json; the login to
// that origin; turbo's and the Vercel CLI's user-level files. Vercel's tokens are
// only for Vercel. The token may stay empty.
//
// The error is an [*UnconfirmedError], an [*Error], or the store's.
func (r *Resolver) Authorize(ctx context.Context, s *Settings) error {
	found, err := r.inEnvironment()
	if err != nil {
		return err
	}
	if found.token == "" {
		found = candidate{origin: r.tree.config.path, token: r.tree.config.Token}
	}
	// If the same file has both, its author knows the token.
	if r.unconfirmed != nil && (found.token == "" || found.origin != s.APIOrigin) {
		return r.unconfirmed
	}
	if found.token == "" {
		found, err = r.stored(ctx)
	}
	if found.token == "" && err == nil {
		found, err = r.fromOtherTools()
	}
	if err != nil {
		return err
	}
	token, err := parseValue(found.origin, found.token)
	if err == nil && token != "" {
		s.Token, s.TokenOrigin = credential.NewSecret(token), found.origin
	}
	return err
}

// TokenAbove returns the origin of a token that overrides a login to the API, or
// an empty string.
func (r *Resolver) TokenAbove() string {
	found, err := r.inEnvironment()
	switch {
	case err != nil || found.token != "":
		return found.origin
	case r.tree.config.Token != "":
		return r.tree.config.path
	}
	return ""
}

// Withheld returns the variables whose token is not used because it is only for
// Vercel's own cache.
func (r *Resolver) Withheld() []string {
	var names []string
	for _, c := range tokensInEnvironment(r.from.Getenv) {
		if c.token != "" && c.onlyVercel && r.origin != credential.Vercel {
			names = append(names, c.origin)
		}
	}
	return names
}

// Origin returns the origin of the API.
func (r *Resolver) Origin() credential.Origin { return r.origin }

// CheckConfirmed returns an [*UnconfirmedError] if only the work tree names the
// API.
func (r *Resolver) CheckConfirmed() error {
	return r.unconfirmed
}

// inEnvironment returns the environment's token, and checks it even if it is not
// used.
func (r *Resolver) inEnvironment() (candidate, error) {
	for _, c := range tokensInEnvironment(r.from.Getenv) {
		if usertext.Clean(c.token) == "" || c.onlyVercel && r.origin != credential.Vercel {
			continue
		}
		_, err := parseValue(c.origin, c.token)
		return c, err
	}
	return candidate{}, nil
}

// stored returns the token of a login, from the keyring or the file.
func (r *Resolver) stored(ctx context.Context) (candidate, error) {
	accounts, err := r.accounts()
	account, ok := accounts.ByOrigin[r.origin]
	if err != nil || !ok {
		return candidate{}, err
	}
	secret, place, err := r.from.Login.Get(ctx, r.origin, account)
	r.from.Hide(secret.Reveal())
	return candidate{origin: LoginOrigin + " (" + place + ")", token: secret.Reveal()}, err
}

// fromOtherTools returns the token in the user-level files of turbo or the Vercel
// CLI.
func (r *Resolver) fromOtherTools() (candidate, error) {
	turbo, err := r.turboUserFile()
	if err != nil {
		return candidate{}, err
	}
	at, err := credential.OriginOfAPI(usertext.Clean(turbo.APIURL))
	if turbo.Token != "" && (turbo.APIURL == "" || err == nil && at == r.origin) { // not if it names another API
		return candidate{origin: turbo.path, token: turbo.Token}, nil
	}
	if r.origin != credential.Vercel {
		return candidate{}, nil
	}
	for _, path := range r.places.vercel {
		var auth struct {
			Token string `json:"token"`
		}
		if _, err := readUserFile(path, &auth); err != nil {
			return candidate{}, err
		}
		r.from.Hide(auth.Token)
		if auth.Token != "" {
			return candidate{origin: path, token: auth.Token}, nil
		}
	}
	return candidate{}, nil
}
