package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
)

func TestPutFollowsRedirects(t *testing.T) {
	t.Parallel()
	other := &recorder{answer: accept}
	elsewhere := httptest.NewServer(other)
	t.Cleanup(elsewhere.Close)
	r, c := serve(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/v8/artifacts/abc":
			w.Header().Set("Location", "/next")
			w.WriteHeader(307)
		default:
			w.Header().Set("Location", elsewhere.URL+"/signed?key=1")
			w.WriteHeader(308)
		}
	})
	if _, err := put(t, c, "bytes"); err != nil {
		t.Fatal(err)
	}
	var uris, bodies, credentials []string
	for _, got := range append(r.all(), other.all()...) {
		uris, bodies = append(uris, got.URI), append(bodies, got.Body)
		credentials = append(credentials, got.Header["Authorization"])
	}
	if want := []string{"/v8/artifacts/abc", "/next", "/signed?key=1"}; !slices.Equal(uris, want) {
		t.Errorf("went to %q, want %q", uris, want)
	}
	if want := []string{"bytes", "bytes", "bytes"}; !slices.Equal(bodies, want) {
		t.Errorf("sent %q, want %q", bodies, want)
	}
	if want := []string{"Bearer the-token", "Bearer the-token", ""}; !slices.Equal(credentials, want) {
		t.Errorf("credentials %q, want %q: another port is another origin", credentials, want)
	}
}

func TestPutEndsARedirectLoop(t *testing.T) {
	t.Parallel()
	r, c := serve(t, answering(307, "", "", "Location", "/v8/artifacts/abc"))
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrTooManyRedirects) || len(r.all()) != 6 {
		t.Errorf("error %v after %d requests, want ErrTooManyRedirects after 6", err, len(r.all()))
	}
}

func TestPutNeverGoesFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	plain := &recorder{answer: accept}
	insecure := httptest.NewServer(plain)
	t.Cleanup(insecure.Close)
	server, roots := startTLS(t, answering(307, "", "", "Location", insecure.URL), "http/1.1")
	c := newClient(t, server.URL, func(o *client.Options) { o.RootCAs, o.AllowHTTP = roots, true })
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrRedirect) || len(plain.all()) != 0 {
		t.Errorf("error %v, and %d plain requests", err, len(plain.all()))
	}
}
