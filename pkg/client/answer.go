package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// errNoStatus reports an answer without a valid status.
var errNoStatus = errors.New("the server answered without a status")

// answer is the answer to one request.
type answer struct{ reply.Reply }

// redirect returns the target of a redirect. 301, 302 and 303 turn any request
// into a GET (RFC 9110, section 15.4), whose success would look like a successful
// upload, so only GET and HEAD follow them.
func (a *answer) redirect() (*url.URL, error) {
	if !a.mayFollow() {
		return nil, ErrRedirect
	}
	return a.resolve(a.Header.Get("Location"))
}

// resolve returns the URL of a Location, if a request may go there.
func (a *answer) resolve(location string) (*url.URL, error) {
	next, err := a.Request.URL.Parse(location)
	switch {
	case err != nil || location == "":
		return nil, fmt.Errorf("%w: its Location is not valid", ErrRedirect)
	case next.Scheme != "http" && next.Scheme != "https" || next.Hostname() == "":
		return nil, fmt.Errorf("%w: it does not point to an http or https URL", ErrRedirect)
	case next.Scheme == "http" && a.Request.URL.Scheme == "https":
		return nil, fmt.Errorf("%w: it goes from https to http", ErrRedirect)
	case next.User != nil:
		return nil, fmt.Errorf("%w: its URL contains a user name", ErrRedirect)
	}
	if next, err = origin.ASCII(next); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRedirect, err)
	}
	return next, nil
}

func (a *answer) mayFollow() bool {
	switch a.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		return a.Request.Method == http.MethodGet || a.Request.Method == http.MethodHead
	}
	return false
}

// Responder is who sent an answer: the cache, or something in front of it.
type Responder int

// The responders. ByCache is the default.
const (
	ByCache     Responder = iota
	ByChallenge           // bot protection, which expects a browser
	BySignIn              // a sign-in page, or a redirect to one
	ByGate                // expects other credentials instead of the token, such as HTTP Basic
	ByStorage             // object storage, where the cache keeps its artifacts
	ByProxy               // a proxy on the way
	ByPage                // some other web page
	ByAnother             // another origin that the cache redirected to
)

// responder returns who sent an answer that is not a success.
func (r request) responder(a *answer) Responder {
	_, lost := a.resolve(a.Header.Get("Location"))
	switch {
	case isChallenge(a.Header), a.LooksLikePage() && challengeTitle.MatchString(a.Title()):
		return ByChallenge
	case isRedirect(a.StatusCode) && lost == nil && r.cacheAt(a) == "":
		return BySignIn
	case a.IsStorageError(), hasAny(a.Header, "X-Amz-Request-Id", "X-Ms-Error-Code", "X-Guploader-Uploadid") && a.StatusCode >= 400:
		return ByStorage
	case hasAny(a.Header, "X-Squid-Error", "Proxy-Status", "Proxy-Authenticate"):
		return ByProxy
	case demandsPassword(a):
		return ByGate
	case a.LooksLikePage() && a.Request.URL.Path != r.target.Path:
		return BySignIn
	case a.LooksLikePage():
		return ByPage
	case !origin.Same(a.Request.URL, r.target):
		return ByAnother
	}
	return ByCache
}

// challengeTitle is the title of Cloudflare's and Vercel's challenge pages.
var challengeTitle = regexp.MustCompile(`(?i)^\s*(just a moment|attention required! \| cloudflare|vercel security checkpoint|checking your browser)`)

func isChallenge(header http.Header) bool {
	return strings.EqualFold(header.Get("Cf-Mitigated"), "challenge") ||
		hasAny(header, "X-Vercel-Mitigated", "X-Vercel-Challenge-Token", "X-Amzn-Waf-Action")
}

func hasAny(header http.Header, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return header.Get(name) != "" })
}

// demandsPassword reports whether an answer asks for credentials other than the
// token.
func demandsPassword(a *answer) bool {
	if a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusForbidden {
		return false
	}
	password := false
	for _, demand := range a.Header.Values("WWW-Authenticate") {
		switch scheme, _, _ := strings.Cut(strings.TrimSpace(demand), " "); strings.ToLower(scheme) {
		case "bearer":
			return false
		case "basic", "digest", "negotiate", "ntlm":
			password = true
		}
	}
	return password
}

func isRedirect(status int) bool { return status >= 300 && status <= 399 }

// cacheAt returns the base URL of another cache, which the answer redirects to or
// came from after a redirect. It is empty unless the URL has the path of a cache.
func (r request) cacheAt(a *answer) string {
	place := a.Request.URL
	if isRedirect(a.StatusCode) {
		var err error
		if place, err = a.resolve(a.Header.Get("Location")); err != nil {
			return ""
		}
	}
	asked := r.target.EscapedPath()
	begin := strings.LastIndex(asked, api.ArtifactsPath)
	if begin < 0 {
		return ""
	}
	base, ok := strings.CutSuffix(place.EscapedPath(), asked[begin:])
	for name := range place.Query() { // object storage signs its addresses
		ok = ok && (name == api.ParamTeamID || name == api.ParamSlug)
	}
	if !ok || base == asked[:begin] && origin.Same(place, r.target) {
		return ""
	}
	return a.Line(place.Scheme+"://"+place.Host+base, reply.MaxLine)
}
