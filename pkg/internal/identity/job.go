package identity

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
)

// The variables with a job's identity token, or how to get it.
const (
	// EnvToken is the token itself, set by GitLab or by the pipeline.
	EnvToken           = "ARTIFACT_ID_TOKEN"
	envGitHub          = "GITHUB_ACTIONS"
	envGitHubURL       = "ACTIONS_ID_TOKEN_REQUEST_URL"
	envGitHubToken     = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
	envGitHubEvent     = "GITHUB_EVENT_PATH"
	envGitHubEventName = "GITHUB_EVENT_NAME"
	envGitLab          = "GITLAB_CI"
	envCircle          = "CIRCLECI"
	envCircleToken     = "CIRCLE_OIDC_TOKEN_V2"
	envBuildkite       = "BUILDKITE"
	envAgentToken      = "BUILDKITE_AGENT_ACCESS_TOKEN"
)

// SecretVariables returns the variables whose values must never be shown.
func SecretVariables() []string {
	return []string{EnvToken, envGitHubToken, envCircleToken, "CIRCLE_OIDC_TOKEN", envAgentToken}
}

// The vendors' names.
const (
	GitHub    = "GitHub Actions"
	GitLab    = "GitLab"
	CircleCI  = "CircleCI"
	Buildkite = "Buildkite"
)

// job is a CI job that can get its own token.
type job struct {
	vendor string
	token  func(context.Context) (string, error)
	// mints is set if each call returns a new token.
	mints bool
}

// findJob recognizes the job by its environment.
func findJob(o Options, wire wire) (job, error) {
	token := strings.TrimSpace(o.Getenv(EnvToken))
	var found job
	var err error
	switch {
	case o.Getenv(envGitHub) == "true" && token == "":
		found, err = gitHub(o, wire)
	case o.Getenv(envGitLab) == "true":
		found, err = fromVariable(GitLab, EnvToken, token)
	case o.Getenv(envCircle) == "true" && token == "":
		found, err = fromVariable(CircleCI, envCircleToken, strings.TrimSpace(o.Getenv(envCircleToken)))
	case o.Getenv(envBuildkite) == "true" && token == "":
		found = buildkite(o)
	case token != "":
		found, err = fromVariable(vendorOf(o.Getenv), EnvToken, token)
	default:
		err = &Error{Doing: "getting a CI job's identity token", Kind: NoJob, Err: ErrNoJob}
	}
	return found, found.explain(err)
}

// vendorOf returns the name of the CI if the pipeline set the token itself.
func vendorOf(getenv func(string) string) string {
	for _, one := range [][2]string{{envGitHub, GitHub}, {envCircle, CircleCI}, {envBuildkite, Buildkite}} {
		if getenv(one[0]) == "true" {
			return one[1]
		}
	}
	return EnvToken
}

// explain turns err into an [*Error] about the job, unless it is a context's.
func (j job) explain(err error) error {
	var known *Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &known):
		known.Vendor = j.vendor
		return known
	}
	return &Error{Doing: doingOf(j.vendor), Vendor: j.vendor, Kind: Unusable, Err: err}
}

func doingOf(vendor string) string { return "getting the job's identity token from " + vendor }

// fromVariable returns a job whose token is in a variable.
func fromVariable(vendor, name, token string) (job, error) {
	found := job{vendor: vendor, token: func(context.Context) (string, error) { return token, nil }}
	if token == "" {
		return found, &Error{Doing: doingOf(vendor), Kind: NotAllowed, Err: fmt.Errorf("%s %w", name, ErrUnset)}
	}
	return found, nil
}

// gitHub returns a job that gets its token from the runner's server.
func gitHub(o Options, wire wire) (job, error) {
	found := job{vendor: GitHub, mints: true}
	raw, bearer := o.Getenv(envGitHubURL), o.Getenv(envGitHubToken)
	if raw == "" || bearer == "" {
		err := ErrNoPermission
		if comesFromFork(o.Getenv) {
			err = ErrFork
		}
		return found, &Error{Doing: doingOf(GitHub), Kind: NotAllowed, Err: err}
	}
	target, err := endpoint(raw)
	if err == nil {
		err = checkBearer(bearer)
	}
	if err != nil {
		return found, &Error{Doing: doingOf(GitHub), Kind: Misconfigured, Err: fmt.Errorf("%s: %w", envGitHubURL, err)}
	}
	if o.Audience != "" { // the URL already has a query
		separator := "&"
		if target.RawQuery == "" {
			separator = ""
		}
		target.RawQuery += separator + "audience=" + url.QueryEscape(o.Audience)
	}
	found.token = func(ctx context.Context) (string, error) {
		var answer struct {
			Value string `json:"value"`
		}
		err := wire.ask(ctx, question{doing: doingOf(GitHub), target: target, token: bearer}, &answer)
		return answer.Value, err
	}
	return found, nil
}

// comesFromFork reports whether the job is for a pull request from another
// repository. It returns false if the event's file cannot be read.
func comesFromFork(getenv func(string) string) bool {
	if !strings.HasPrefix(getenv(envGitHubEventName), "pull_request") {
		return false
	}
	type side struct {
		Repo struct {
			FullName string `json:"full_name"`
		} `json:"repo"`
	}
	var event struct {
		PullRequest struct{ Head, Base side } `json:"pull_request"`
	}
	if jsonfile.Read(getenv(envGitHubEvent), &event) != nil {
		return false
	}
	return event.PullRequest.Head.Repo.FullName != event.PullRequest.Base.Repo.FullName
}
