package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

func preflighted(o *client.Options) { o.Preflight, o.Team = true, artifact.Team{Slug: "s"} }

// step is what of a request matters here.
type step struct{ Method, URI, Authorization, Asks string }

func steps(requests ...received) []step {
	var all []step
	for _, r := range requests {
		all = append(all, step{r.Method, r.URI, r.Header["Authorization"], r.Header["Access-Control-Request-Method"]})
	}
	return all
}

// TestPreflightLeads goes where the API's answer says, with the token only where
// that allows it.
func TestPreflightLeads(t *testing.T) {
	t.Parallel()
	const ours, theirs, bearer = "/v8/artifacts/abc?slug=s", "/signed?sig=a%2Fb+c&x", "Bearer " + token
	for name, test := range map[string]struct {
		allow     string
		location  string // "there" is another origin
		there     string // what that gets as Authorization, where it is reached
		here      []step
		elsewhere bool
	}{
		"no place, allowed":     {allow: "Content-Type, AUTHORIZATION", here: []step{{"PUT", ours, bearer, ""}}},
		"no place, not allowed": {here: []step{{"PUT", ours, "", ""}}},
		"any header is not it":  {allow: "*", here: []step{{"PUT", ours, "", ""}}},
		"a part is not it":      {allow: "X-Authorization", here: []step{{"PUT", ours, "", ""}}},
		"a path":                {allow: "authorization", location: theirs, here: []step{{"PUT", theirs, bearer, ""}}},
		"another, not allowed":  {location: "there", elsewhere: true},
		"another, allowed":      {allow: "Authorization", location: "there", elsewhere: true, there: bearer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := &recorder{answer: answering(200, "", "")}
			storage := httptest.NewServer(other)
			t.Cleanup(storage.Close)
			r, c := serve(t, func(w http.ResponseWriter, req *http.Request) {
				if req.Method != http.MethodOptions {
					return
				}
				if test.allow != "" {
					w.Header().Set("Access-Control-Allow-Headers", test.allow)
				}
				switch test.location {
				case "":
				case "there":
					w.Header().Set("Location", storage.URL+theirs)
				default:
					w.Header().Set("Location", test.location)
				}
			}, preflighted)
			if _, err := put(t, c, "bytes"); err != nil {
				t.Fatal(err)
			}
			want := append([]step{{"OPTIONS", ours, bearer, "PUT"}}, test.here...)
			if got := steps(r.all()...); !reflect.DeepEqual(got, want) {
				t.Errorf("the API got %+v\nwant %+v", got, want)
			}
			var wantThere []step
			if test.elsewhere {
				wantThere = []step{{"PUT", theirs, test.there, ""}}
			}
			if got := steps(other.all()...); !reflect.DeepEqual(got, wantThere) {
				t.Errorf("the other place got %+v\nwant %+v", got, wantThere)
			}
		})
	}
}

// Another place that a preflight is redirected to cannot allow anything.
func TestPreflightIsTheAPIsOwn(t *testing.T) {
	t.Parallel()
	other := &recorder{answer: answering(200, "", "", "Access-Control-Allow-Headers", "Authorization")}
	elsewhere := httptest.NewServer(other)
	t.Cleanup(elsewhere.Close)
	_, c := serve(t, answering(307, "", "", "Location", elsewhere.URL+"/x"), preflighted)
	if _, err := put(t, c, "bytes"); err != nil {
		t.Fatal(err)
	}
	want := []step{{"OPTIONS", "/x", "", "PUT"}, {"PUT", "/x", "", ""}}
	if got := steps(other.all()...); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The token goes no further than the place that was allowed.
func TestPreflightsPermissionEndsWithItsPlace(t *testing.T) {
	t.Parallel()
	third := &recorder{answer: accept}
	last := httptest.NewServer(third)
	t.Cleanup(last.Close)
	second := httptest.NewServer(answering(307, "", "", "Location", last.URL+"/y"))
	t.Cleanup(second.Close)
	_, c := serve(t, answering(200, "", "", "Location", second.URL, "Access-Control-Allow-Headers", "Authorization"), preflighted)
	if _, err := put(t, c, "bytes"); err != nil {
		t.Fatal(err)
	}
	if got, want := steps(third.all()...), []step{{"PUT", "/y", "", ""}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestPreflightFails says why, and sends no artifact.
func TestPreflightFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   error
		status int
		tries  int
	}{
		"no such route":    {answering(404, "", ""), client.ErrNoPreflight, 404, 1},
		"no such method":   {answering(405, "", ""), client.ErrNoPreflight, 405, 1},
		"a fault":          {answering(500, "", ""), nil, 500, 3},
		"a wrong token":    {answering(401, "", ""), nil, 401, 1},
		"a page":           {answering(200, "text/html", "<html>"), client.ErrNotRemoteCache, 200, 1},
		"a user name":      {answering(200, "", "", "Location", "http://u:p@127.0.0.1/"), client.ErrRedirect, 200, 1},
		"no http":          {answering(200, "", "", "Location", "file:///etc/passwd"), client.ErrRedirect, 200, 1},
		"a place that 302": {answering(302, "", "", "Location", "/x"), client.ErrRedirect, 302, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := serve(t, test.answer, preflighted, func(o *client.Options) { o.Retries = 2 })
			client.SkipPausesForTest(c)
			_, err := put(t, c, "bytes")
			var failed *client.Error
			if !errors.As(err, &failed) || failed.Status != test.status || !errors.Is(failed.Err, test.want) || failed.Method != http.MethodOptions {
				t.Errorf("%+v, want %d and %v", failed, test.status, test.want)
			}
			got := steps(r.all()...)
			if len(got) != test.tries {
				t.Errorf("%d requests, want %d", len(got), test.tries)
			}
			for _, one := range got {
				if one.Method != http.MethodOptions {
					t.Errorf("sent %+v", one)
				}
			}
		})
	}
}

// A refusal for lack of a token that was held back is not the token's fault.
func TestPreflightWithholdsTheToken(t *testing.T) {
	t.Parallel()
	_, c := serve(t, func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPut {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}, preflighted)
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrTokenWithheld) {
		t.Errorf("error %v, want ErrTokenWithheld", err)
	}
}

// TestPreflightBeforeWhat has one before GET, HEAD and PUT, in turbo's words, and
// none before anything else.
func TestPreflightBeforeWhat(t *testing.T) {
	t.Parallel()
	r, c := serve(t, answering(200, "", "{}", "Access-Control-Allow-Headers", "Authorization"), preflighted)
	id := artifact.ID("abc")
	_, _ = c.Stat(t.Context(), id)
	_, _ = get(t, c)
	_, _ = c.Query(t.Context(), []artifact.ID{id})
	_, _ = c.Status(t.Context())
	want := []step{
		{"OPTIONS", "/v8/artifacts/abc?slug=s", "Bearer " + token, "GET"}, {"HEAD", "/v8/artifacts/abc?slug=s", "Bearer " + token, ""},
		{"OPTIONS", "/v8/artifacts/abc?slug=s", "Bearer " + token, "GET"}, {"GET", "/v8/artifacts/abc?slug=s", "Bearer " + token, ""},
		{"POST", "/v8/artifacts?slug=s", "Bearer " + token, ""}, {"GET", "/v8/artifacts/status?slug=s", "Bearer " + token, ""},
	}
	if got := steps(r.all()...); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for _, i := range []int{0, 2} {
		if got := r.all()[i].Header["Access-Control-Request-Headers"]; got != "Authorization, User-Agent" {
			t.Errorf("asked for %q", got)
		}
	}
}
