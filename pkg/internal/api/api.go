// Package api defines the Remote Cache API, version 8: paths, query parameters,
// headers with their limits, and JSON documents. It is all that client and server
// share.
//
// Source: Vercel's REST API reference, "Upload a cache artifact" and related
// pages.
package api

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// DefaultBaseURL is where Vercel serves the API.
const DefaultBaseURL = "https://api.vercel.com"

// The paths below the base URL. An artifact's own path is [ArtifactPath].
const (
	ArtifactsPath = "/v8/artifacts"
	StatusPath    = ArtifactsPath + "/status"
	EventsPath    = ArtifactsPath + "/events"
)

// The paths that only Vercel has, for a token's user and the user's teams.
const (
	UserPath  = "/v2/user"
	TeamsPath = "/v2/teams"
	// MaxTeams is the maximum number of teams in one answer.
	MaxTeams = 100
)

// The query parameters of a team. A request may have either or both; without them
// it is for the personal account.
const (
	ParamTeamID = "teamId"
	ParamSlug   = "slug"
)

// ContentType is required for uploads: some servers answer 415 to any other.
const ContentType = "application/octet-stream"

// ArtifactPath is the path of one artifact below the base URL. The id becomes
// one percent-encoded segment (RFC 3986, section 3.3).
func ArtifactPath(id string) string {
	// url.PathEscape does not escape "." and "..", which are not valid ids.
	return ArtifactsPath + "/" + strings.ReplaceAll(url.PathEscape(id), "+", "%2B")
}

// ErrInvalidBaseURL is wrapped by the errors of [ParseBaseURL].
var ErrInvalidBaseURL = errors.New("invalid API")

// ParseBaseURL checks a base URL, removes trailing slashes, and converts the host
// to ASCII. For an empty string it returns [DefaultBaseURL]. Its errors do not
// contain a password.
func ParseBaseURL(raw string) (*url.URL, error) {
	if raw == "" {
		raw = DefaultBaseURL
	}
	base, err := usertext.ParseURL(raw)
	switch {
	case err != nil && strings.Contains(raw, "@"), err == nil && base.User != nil:
		return nil, fmt.Errorf("%w: it contains a user name or password: set ARTIFACT_TOKEN instead", ErrInvalidBaseURL)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalidBaseURL, err)
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("%w: %q must begin with https:// or http://", ErrInvalidBaseURL, raw)
	case base.RawQuery != "" || base.Fragment != "" || base.ForceQuery:
		return nil, fmt.Errorf("%w: a base URL must not have a query or a fragment", ErrInvalidBaseURL)
	}
	base, err = origin.ASCII(base)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidBaseURL, raw, err)
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	return base, nil
}
