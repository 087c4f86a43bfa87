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

// CacheStatus is what a server says of its cache for a user and a team.
type CacheStatus string

// The states of a cache. Only one that is enabled takes artifacts; many
// servers tell nothing, and take them.
const (
	CacheEnabled   CacheStatus = api.StatusEnabled
	CacheDisabled  CacheStatus = api.StatusDisabled
	CacheOverLimit CacheStatus = api.StatusOverLimit
	CachePaused    CacheStatus = api.StatusPaused
	CacheUnknown   CacheStatus = "unknown"
)

// User is who a token belongs to. Members that the server did not tell are
// empty; none was checked to be printable.
type User = api.User

// Team is one that a user is a member of, like [User].
type Team = api.Team

// maxListing is how much of a listing is read, in bytes. 100 teams of Vercel
// have some hundred thousand.
const maxListing = 4 << 20

// noRoute are the statuses of servers that do not have a route.
var noRoute = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented}

// Status asks for the state of the cache. It is unknown where the server does
// not tell. The error is an [*Error].
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

// User asks who the token belongs to, which only Vercel tells. The error is an
// [*Error].
func (c *Client) User(ctx context.Context) (User, error) {
	var told api.UserAnswer
	err := c.ask(ctx, "asking who the token belongs to", c.base.JoinPath(api.UserPath), &told)
	return told.User, err
}

// Teams asks for the teams of the token's user, at most 100, which only Vercel
// tells. The error is an [*Error].
func (c *Client) Teams(ctx context.Context) ([]Team, error) {
	target := c.base.JoinPath(api.TeamsPath)
	target.RawQuery = fmt.Sprintf("limit=%d", api.MaxTeams)
	var told api.TeamsAnswer
	err := c.ask(ctx, "asking for teams", target, &told)
	return told.Teams, err
}

// ask gets a JSON document, which stays as it is where the answer is none.
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

// Verdict is what a server makes of a token.
type Verdict int

// The verdicts.
const (
	// Unclear says that the answer tells nothing of the token.
	Unclear Verdict = iota
	// Accepted says that the server knows the token.
	Accepted
	// Refused says that it does not, or not for this team.
	Refused
)

// CheckToken finds out whether the server accepts the token, by asking for an
// artifact that cannot exist: the status of the cache tells nothing of it, some
// servers answer "enabled" to anybody. The error is an [*Error] and says why
// the token is not accepted; its Status is 0 where nobody answered.
func (c *Client) CheckToken(ctx context.Context) (Verdict, error) {
	number := make([]byte, 8)
	_, _ = rand.Read(number)                      // it never fails
	id := artifact.ID(hex.EncodeToString(number)) // of the form of turbo's, which every server takes
	failed := c.look(ctx, http.MethodHead, id)
	if failed != nil && failed.Status != http.StatusNotFound && slices.Contains(telling, failed.Status) {
		// Only the answer to a GET has a body, which tells why, and
		// whether the cache and not the token is the reason.
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
		return Unclear, failed // others, and the preflight, know nothing of the token
	case failed.Status == http.StatusNotFound:
		return Accepted, nil
	case failed.Status == http.StatusForbidden && strings.HasPrefix(failed.Code, api.CodeCachePrefix):
		return Accepted, nil
	case failed.Status == http.StatusUnauthorized, failed.Status == http.StatusForbidden:
		return Refused, failed
	}
	return Unclear, failed
}

// telling are the statuses that tell what a server makes of a request, before
// it has looked for the artifact or after.
var telling = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
	http.StatusMethodNotAllowed, http.StatusNotImplemented, // which may be about HEAD
}

const checkingToken = "checking the token"

// look asks for an artifact and wants none.
func (c *Client) look(ctx context.Context, method string, id artifact.ID) *Error {
	_, err := c.do(ctx, request{
		doing: checkingToken, method: method, target: c.url(api.ArtifactPath(string(id))), asks: asksForDownload,
		receive: func(*answer) error { return nil },
	})
	var failed *Error
	errors.As(err, &failed)
	return failed
}
