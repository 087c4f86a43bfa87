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

// The states of a cache. It takes artifacts if it is enabled, or unknown, as on
// many servers.
const (
	CacheEnabled   CacheStatus = api.StatusEnabled
	CacheDisabled  CacheStatus = api.StatusDisabled
	CacheOverLimit CacheStatus = api.StatusOverLimit
	CachePaused    CacheStatus = api.StatusPaused
	CacheUnknown   CacheStatus = "unknown"
)

// User is the owner of a token. What the server did not send is empty; the rest may
// be unprintable.
type User = api.User

// Team is one that a user is a member of, like [User].
type Team = api.Team

// maxListing limits a listing, in bytes. 100 teams of Vercel have some hundred
// thousand.
const maxListing = 4 << 20

// noRoute are the statuses of servers without a route.
var noRoute = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented}

// Status asks for the state of the cache, which is unknown if the server does not
// say. The error is an [*Error].
func (c *Client) Status(ctx context.Context) (CacheStatus, error) {
	var told api.Status
	err := c.ask(ctx, "asking for the cache's status", c.url(api.StatusPath), &told)
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
	return cacheStatus(told.Status), nil
}

func cacheStatus(text string) CacheStatus {
	switch state := CacheStatus(text); state {
	case CacheEnabled, CacheDisabled, CacheOverLimit, CachePaused:
		return state
	}
	return CacheUnknown
}

// User asks for the token's owner, which only Vercel supports. The error is an
// [*Error].
func (c *Client) User(ctx context.Context) (User, error) {
	var told api.UserAnswer
	err := c.ask(ctx, "asking who the token belongs to", c.base.JoinPath(api.UserPath), &told)
	return told.User, err
}

// Teams asks for at most 100 teams of the token's owner, which only Vercel supports.
// The error is an [*Error].
func (c *Client) Teams(ctx context.Context) ([]Team, error) {
	target := c.base.JoinPath(api.TeamsPath)
	target.RawQuery = fmt.Sprintf("limit=%d", api.MaxTeams)
	var told api.TeamsAnswer
	err := c.ask(ctx, "asking for teams", target, &told)
	return told.Teams, err
}

// ask gets a JSON document, and leaves it as it is if the answer is not JSON.
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
			_ = json.Unmarshal(text, document) // what is no JSON tells nothing
			return nil
		},
	})
	return err
}

// Verdict is what a server says about a token.
type Verdict int

// The verdicts.
const (
	Unclear  Verdict = iota // nothing
	Accepted                // the server knows it
	Refused                 // the server does not know it, or not for this team
)

// CheckToken finds out whether the server accepts the token, by asking for an
// artifact that cannot exist: some servers report an enabled cache to every token.
// The error is an [*Error] that says why the token is not accepted.
func (c *Client) CheckToken(ctx context.Context) (Verdict, error) {
	number := make([]byte, 8)
	_, _ = rand.Read(number)                      // it never fails
	id := artifact.ID(hex.EncodeToString(number)) // of the form of turbo's, which every server takes
	failed := c.look(ctx, http.MethodHead, id)
	if failed != nil && failed.Status != http.StatusNotFound && slices.Contains(telling, failed.Status) {
		// Only the answer to a GET has a body, with the reason.
		if again := c.look(ctx, http.MethodGet, id); again != nil && slices.Contains(telling, again.Status) {
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
		return Unclear, failed // neither others nor the preflight know the token
	case failed.Status == http.StatusNotFound:
		return Accepted, nil
	case failed.Status == http.StatusForbidden && strings.HasPrefix(failed.Code, api.CodeCachePrefix):
		return Accepted, nil
	case failed.Status == http.StatusUnauthorized, failed.Status == http.StatusForbidden:
		return Refused, failed
	}
	return Unclear, failed
}

// telling are the statuses that show whether a server accepts the token.
var telling = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
	http.StatusMethodNotAllowed, http.StatusNotImplemented, // which may be about HEAD
}

const checkingToken = "checking the token"

// look asks for an artifact, and expects none.
func (c *Client) look(ctx context.Context, method string, id artifact.ID) *Error {
	_, err := c.do(ctx, request{
		doing: checkingToken, method: method, target: c.url(api.ArtifactPath(string(id))), asks: asksForDownload,
		receive: func(*answer) error { return nil },
	})
	var failed *Error
	errors.As(err, &failed)
	return failed
}
