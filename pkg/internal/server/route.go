package server

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// methods are the handlers of a path, by HTTP method.
type methods map[string]func(*exchange) error

// route dispatches a request by its path. [http.ServeMux] would redirect to a
// cleaned path, and clients turn a redirected PUT into a GET.
func (s *Server) route(x *exchange) error {
	// turbo sends two slashes if the API's URL ends in one.
	path := "/" + strings.TrimLeft(x.r.URL.EscapedPath(), "/")
	switch path {
	case api.ArtifactsPath:
		return dispatch(x, methods{http.MethodPost: s.query})
	case api.StatusPath:
		return dispatch(x, methods{http.MethodGet: s.status, http.MethodHead: s.status})
	case api.EventsPath:
		return dispatch(x, methods{http.MethodPost: s.events})
	case metricsPath:
		return dispatch(x, methods{http.MethodGet: s.metrics, http.MethodHead: s.metrics})
	}
	segment, found := strings.CutPrefix(path, api.ArtifactsPath+"/")
	if !found || strings.Contains(segment, "/") {
		return refuse(http.StatusNotFound, "not_found", "There is nothing at this path.")
	}
	x.segment = segment
	return dispatch(x, methods{http.MethodPut: s.put, http.MethodGet: s.get, http.MethodHead: s.head})
}

func dispatch(x *exchange, answers methods) error {
	if answer := answers[x.r.Method]; answer != nil {
		return answer(x)
	}
	allowed := append(slices.Collect(maps.Keys(answers)), http.MethodOptions)
	slices.Sort(allowed)
	if x.r.Method != http.MethodOptions {
		return x.notAllowed(strings.Join(allowed, ", "))
	}
	x.w.Header().Set("Allow", strings.Join(allowed, ", "))
	// Without this header, turbo's preflight makes it omit the token from the
	// next request. Browsers would also need Access-Control-Allow-Origin.
	x.w.Header().Set("Access-Control-Allow-Headers", "Authorization")
	x.empty(http.StatusOK)
	return nil
}

// notAllowed refuses a method.
func (x *exchange) notAllowed(allowed string) error {
	x.w.Header().Set("Allow", allowed)
	return refuse(http.StatusMethodNotAllowed, "method_not_allowed", "This path does not answer "+x.r.Method+".")
}

// key returns the key in the request's path and query.
func (x *exchange) key() (store.Key, error) {
	id, err := url.PathUnescape(x.segment)
	if err != nil {
		return store.Key{}, badRequest("The artifact's id is not percent-encoded correctly.")
	}
	team, err := x.team()
	if err != nil {
		return store.Key{}, err
	}
	return newKey(team, id)
}

func newKey(team, id string) (store.Key, error) {
	if team == "." || team == ".." || strings.ContainsAny(team, `/\`) {
		return store.Key{}, badRequest("The team looks like a path.")
	}
	parsed, err := artifact.ParseID(id)
	if err != nil {
		return store.Key{}, badRequest(sentence(err))
	}
	key := store.Key{Team: team, ID: parsed}
	return key, key.Check()
}

// team returns the namespace of a request: the slug, or else the team's id, or ""
// for the personal account. A client that sends both and one that sends only the
// slug must find the same artifacts.
func (x *exchange) team() (string, error) {
	id, slug, err := x.teamParameters()
	return cmp.Or(slug, id), err
}

// teamParameters returns the two query parameters; an empty one counts as
// absent, as in turbo.
func (x *exchange) teamParameters() (id, slug string, err error) {
	query, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return "", "", badRequest("The request's query is not encoded correctly.")
	}
	for name, value := range map[string]*string{api.ParamTeamID: &id, api.ParamSlug: &slug} {
		values := query[name]
		if len(values) > 1 {
			return "", "", badRequest("The query gives " + name + " more than once.")
		}
		if len(values) == 1 {
			*value = values[0]
		}
	}
	return id, slug, nil
}
