// Package api writes down the contract of the Remote Cache API, version 8:
// paths, query parameters, header names with their limits, and the shapes of
// the JSON documents. Client and server both read it and share nothing else.
//
// Source: Vercel's REST reference, "Upload a cache artifact" and its
// neighbours.
package api

import (
	"net/url"
	"strings"
)

// DefaultBaseURL is where Vercel serves the API.
const DefaultBaseURL = "https://api.vercel.com"

// The paths below the base URL. An artifact's own path is [ArtifactPath].
const (
	ArtifactsPath = "/v8/artifacts"
	StatusPath    = ArtifactsPath + "/status"
	EventsPath    = ArtifactsPath + "/events"
)

// The paths that only Vercel has: who a token belongs to, and of which teams
// that user is a member.
const (
	UserPath  = "/v2/user"
	TeamsPath = "/v2/teams"
	// MaxTeams is the most teams that one answer may list.
	MaxTeams = 100
)

// The query parameters that name a team. Every request may carry either or
// both; neither is the personal account.
const (
	ParamTeamID = "teamId"
	ParamSlug   = "slug"
)

// ContentType is the only one that an upload may have: some servers answer 415
// to any other.
const ContentType = "application/octet-stream"

// ArtifactPath is the path of one artifact below the base URL. The id becomes
// one percent-encoded segment (RFC 3986, section 3.3).
func ArtifactPath(id string) string {
	// url.PathEscape leaves the dots of "." and ".." alone, which no valid
	// id is, and encodes a slash, which no valid id has.
	return ArtifactsPath + "/" + strings.ReplaceAll(url.PathEscape(id), "+", "%2B")
}
