package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// methods is what a path answers, by HTTP method.
type methods map[string]func(*exchange) error

// route finds the request's path. net/http's own mux would clean a path by
// redirecting, and clients make a GET of a redirected PUT.
func (s *Server) route(x *exchange) error {
	// turbo writes two slashes where its API's URL ends in one.
	path := "/" + strings.TrimLeft(x.r.URL.EscapedPath(), "/")
	switch path {
	case api.ArtifactsPath:
		return dispatch(x, methods{http.MethodPost: s.query})
	case api.StatusPath:
		return dispatch(x, methods{http.MethodGet: s.status, http.MethodHead: s.status})
	case api.EventsPath:
		return dispatch(x, methods{http.MethodPost: s.events})
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
	allowed := make([]string, 0, len(answers)+1)
	for method := range answers {
		allowed = append(allowed, method)
	}
	allowed = append(allowed, http.MethodOptions)
	slices.Sort(allowed)
	x.w.Header().Set("Allow", strings.Join(allowed, ", "))
	if x.r.Method != http.MethodOptions {
		return refuse(http.StatusMethodNotAllowed, "method_not_allowed", "This path does not answer "+x.r.Method+".")
	}
	// What turbo calls its preflight: without this header it leaves the token
	// out of the request that follows. A browser gets no permission from it:
	// that would be Access-Control-Allow-Origin.
	x.w.Header().Set("Access-Control-Allow-Headers", "Authorization")
	x.empty(http.StatusOK)
	return nil
}

// key is what the request's path and query name.
func (x *exchange) key() (store.Key, error) {
	id, err := url.PathUnescape(x.segment)
	if err != nil {
		return store.Key{}, badRequest("The artifact's id is not percent-encoded as it should be.")
	}
	team, err := x.team()
	if err != nil {
		return store.Key{}, err
	}
	return newKey(team, id)
}

func newKey(team, id string) (store.Key, error) {
	if team == "." || team == ".." || strings.ContainsAny(team, `/\`) {
		return store.Key{}, badRequest("The team could be taken for a path.")
	}
	parsed, err := artifact.ParseID(id)
	if err != nil {
		return store.Key{}, badRequest(sentence(err))
	}
	key := store.Key{Team: team, ID: parsed}
	if err := key.Check(); err != nil {
		return store.Key{}, badRequest(sentence(err))
	}
	return key, nil
}

// team is the namespace that a request means: the slug, where it gives one,
// else the team's id, else the personal account. A client that knows both sends
// both, one that knows the slug alone must find what the other stored, and a
// server without accounts cannot tell which id a slug belongs to.
func (x *exchange) team() (string, error) {
	id, slug, err := x.teamParameters()
	if slug != "" {
		return slug, err
	}
	return id, err
}

// teamParameters gives the two query parameters as they are; an empty one is
// none, as turbo has it.
func (x *exchange) teamParameters() (id, slug string, err error) {
	query, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return "", "", badRequest("The request's query is not encoded as it should be.")
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

// sentence makes a message of an error.
func sentence(err error) string {
	// What an error says goes through JSON, which carries any text.
	return strings.TrimSuffix(err.Error(), ".") + "."
}

// storeFailure says what an error of the store means to a client.
func storeFailure(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuse(http.StatusNotFound, "not_found", "The cache holds no such artifact.")
	case errors.Is(err, store.ErrCorrupt):
		// To a build it is one that has to be made again; the log says more.
		return refuse(http.StatusNotFound, "not_found", "The artifact that the cache holds is damaged.").because(err)
	case errors.Is(err, store.ErrInvalid):
		return badRequest(sentence(err))
	case errors.Is(err, store.ErrReadOnly):
		// With any other code turbo tries again for each artifact.
		return refuse(http.StatusForbidden, "forbidden", "This cache is read-only.")
	case errors.Is(err, store.ErrTooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "payload_too_large", "The artifact is larger than the whole cache can be.")
	case errors.Is(err, store.ErrFull):
		return refuse(http.StatusInsufficientStorage, "insufficient_storage", "The cache has no room for the artifact now.").because(err)
	}
	return err
}
