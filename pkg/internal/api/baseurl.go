package api

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// ErrInvalidBaseURL is wrapped by the errors of [ParseBaseURL].
var ErrInvalidBaseURL = errors.New("invalid API")

// ParseBaseURL checks a base URL, takes the slashes off its end, and gives the
// host in the ASCII form that is dialled; an empty one is [DefaultBaseURL]. Its
// errors do not repeat what may be a password.
func ParseBaseURL(raw string) (*url.URL, error) {
	if raw == "" {
		raw = DefaultBaseURL
	}
	base, err := usertext.ParseURL(raw)
	switch {
	case err != nil && strings.Contains(raw, "@"), err == nil && base.User != nil:
		return nil, fmt.Errorf("%w: it has a user name or password in it, which belongs into ARTIFACT_TOKEN", ErrInvalidBaseURL)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalidBaseURL, err)
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("%w: %q must begin with https:// or http://", ErrInvalidBaseURL, raw)
	case base.RawQuery != "" || base.Fragment != "" || base.ForceQuery:
		return nil, fmt.Errorf("%w: a base URL has no query and no fragment", ErrInvalidBaseURL)
	}
	base, err = origin.ASCII(base)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidBaseURL, raw, err)
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	return base, nil
}
