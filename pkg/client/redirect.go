package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// errNoStatus reports an answer without a status that HTTP knows.
var errNoStatus = errors.New("the server answered without a status")

// answer is what the server answered to one request.
type answer struct{ reply.Reply }

// redirect returns the place that an answer leads to. A 301, 302 or 303 makes a
// GET of everything (RFC 9110, section 15.4), and a GET's success would look
// like an upload's, so only what is one already follows them.
func (a *answer) redirect() (*url.URL, error) {
	if !a.mayFollow() {
		return nil, ErrRedirect
	}
	return a.leadsTo(a.Header.Get("Location"))
}

// leadsTo resolves a location that the server names, if a request may go there.
func (a *answer) leadsTo(location string) (*url.URL, error) {
	next, err := a.Request.URL.Parse(location)
	switch {
	case err != nil || location == "":
		return nil, fmt.Errorf("%w: it names no valid place", ErrRedirect)
	case next.Scheme != "http" && next.Scheme != "https" || next.Hostname() == "":
		return nil, fmt.Errorf("%w: it leads to no http or https URL", ErrRedirect)
	case next.Scheme == "http" && a.Request.URL.Scheme == "https":
		return nil, fmt.Errorf("%w: it leads from https to http", ErrRedirect)
	case next.User != nil:
		return nil, fmt.Errorf("%w: it has a user name in it", ErrRedirect)
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
