package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// CacheStatus is the state of a cache, for a user and a team.
type CacheStatus string

// The states of a cache. Many servers do not report it; then it is unknown.
const (
	CacheEnabled   CacheStatus = api.StatusEnabled
	CacheDisabled  CacheStatus = api.StatusDisabled
	CacheOverLimit CacheStatus = api.StatusOverLimit
	CachePaused    CacheStatus = api.StatusPaused
	CacheUnknown   CacheStatus = "unknown"
)

// User is the owner of a token. Fields are empty if the server did not send them,
// and may be unprintable.
type User struct {
	ID       string `json:"id,omitempty"`
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	Name     string `json:"name,omitempty"`
}

// Team is a team that the user is a member of. Its fields are as in [User].
type Team struct {
	ID   string `json:"id,omitempty"`
	Slug string `json:"slug,omitempty"`
	Name string `json:"name,omitempty"`
}

// maxListing limits a listing, in bytes. 100 teams of Vercel have some hundred
// thousand.
const maxListing = 4 << 20

// noRoute are the statuses for a route that a server does not have.
var noRoute = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented}

// Status returns the state of the cache. The error is an [*Error].
func (c *Client) Status(ctx context.Context) (CacheStatus, error) {
	var document api.Status
	err := c.ask(ctx, "asking for the cache's status", c.url(api.StatusPath), &document)
	var failed *Error
	if errors.As(err, &failed) {
		state := cacheStatus(strings.TrimPrefix(failed.Code, api.CodeCachePrefix))
		switch {
		case failed.Status == http.StatusForbidden && strings.HasPrefix(failed.Code, api.CodeCachePrefix) && state != CacheUnknown:
			return state, nil
		case slices.Contains(noRoute, failed.Status) && failed.Err == nil:
			return CacheUnknown, nil
		}
	}
	if err != nil {
		return "", err
	}
	return cacheStatus(document.Status), nil
}

func cacheStatus(text string) CacheStatus {
	switch state := CacheStatus(text); state {
	case CacheEnabled, CacheDisabled, CacheOverLimit, CachePaused:
		return state
	}
	return CacheUnknown
}

// User returns the token's owner. Only Vercel supports this. The error is an
// [*Error].
func (c *Client) User(ctx context.Context) (User, error) {
	var document struct{ User User }
	err := c.ask(ctx, "asking who the token belongs to", c.base.JoinPath(api.UserPath), &document)
	return document.User, err
}

// Teams returns up to 100 teams of the token's owner. Only Vercel supports this.
// The error is an [*Error].
func (c *Client) Teams(ctx context.Context) ([]Team, error) {
	target := c.base.JoinPath(api.TeamsPath)
	target.RawQuery = fmt.Sprintf("limit=%d", api.MaxTeams)
	var document struct{ Teams []Team }
	err := c.ask(ctx, "asking for teams", target, &document)
	return document.Teams, err
}

// ask gets a JSON document, and leaves it unchanged if the answer is not JSON.
func (c *Client) ask(ctx context.Context, doing string, target *url.URL, document any) error {
	_, err := c.do(ctx, request{
		doing: doing, method: http.MethodGet, target: target,
		header: http.Header{"Accept": {"application/json"}},
		receive: func(a *answer) error {
			text, err := a.Document(maxListing)
			if err != nil {
				return err
			}
			if a.LooksLikePage() {
				return ErrNotRemoteCache
			}
			if reply.ReportsError(text) {
				return ErrReported
			}
			_ = json.Unmarshal(text, document) // an answer that is not JSON is ignored
			return nil
		},
	})
	return err
}

// Verdict is a server's answer about a token.
type Verdict int

// The verdicts.
const (
	Unclear  Verdict = iota // nothing
	Accepted                // the server knows it
	Refused                 // the server does not know it, or not for this team
)

// CheckToken reports whether the server accepts the token, by requesting an
// artifact that cannot exist: some servers report an enabled cache for any token.
// The error is an [*Error] with the reason why the token was not accepted.
func (c *Client) CheckToken(ctx context.Context) (Verdict, error) {
	number := make([]byte, 8)
	_, _ = rand.Read(number)                      // it never fails
	id := artifact.ID(hex.EncodeToString(number)) // like turbo's ids, which every server accepts
	failed := c.probe(ctx, http.MethodHead, id)
	if failed != nil && failed.Status != http.StatusNotFound && slices.Contains(conclusive, failed.Status) {
		// Only the answer to a GET has a body, with the reason.
		if again := c.probe(ctx, http.MethodGet, id); again != nil && slices.Contains(conclusive, again.Status) {
			failed = again
		}
	}
	switch {
	case failed == nil:
		return Unclear, &Error{
			Doing: checkingToken, Method: http.MethodHead, URL: c.base.String(), Attempts: 1,
			Status: http.StatusOK, Err: ErrNotRemoteCache,
		}
	case errors.Is(failed, ErrNoPreflight), errors.Is(failed, ErrTokenWithheld), failed.By != ByCache && failed.Status != http.StatusNotFound:
		return Unclear, failed // another server and the preflight do not know the token
	case failed.Status == http.StatusNotFound:
		return Accepted, nil
	case failed.Status == http.StatusForbidden && strings.HasPrefix(failed.Code, api.CodeCachePrefix):
		return Accepted, nil
	case failed.Status == http.StatusUnauthorized, failed.Status == http.StatusForbidden:
		return Refused, failed
	}
	return Unclear, failed
}

// conclusive are the statuses that prove whether the server accepts the token.
var conclusive = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
	http.StatusMethodNotAllowed, http.StatusNotImplemented, // which may be about HEAD
}

const checkingToken = "checking the token"

// probe requests an artifact that does not exist.
func (c *Client) probe(ctx context.Context, method string, id artifact.ID) *Error {
	_, err := c.do(ctx, request{
		doing: checkingToken, method: method, target: c.url(api.ArtifactPath(string(id))), asks: asksForDownload,
		receive: func(*answer) error { return nil },
	})
	var failed *Error
	errors.As(err, &failed)
	return failed
}
