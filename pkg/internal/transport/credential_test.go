package transport

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestCredential shows which host gets the token and the headers of a gate, and
// as what it is dialled.
func TestCredential(t *testing.T) {
	t.Parallel()
	own, err := url.Parse("https://ci.example.test")
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		host, token, gate string
		err               error
	}
	for target, want := range map[string]outcome{
		"https://ci.example.test/x":        {"ci.example.test", "Bearer t", "g", nil},
		"https://CI.example.test:0443/x":   {"CI.example.test:0443", "Bearer t", "g", nil},
		"https://ci\u3002example.test/x":   {"ci.example.test", "Bearer t", "g", nil},
		"https://c\u0130.example.test:9/x": {"xn--ci-sub.example.test:9", "", "", nil},
		"https://c%C4%B0.example.test/x":   {"xn--ci-sub.example.test", "", "", nil},
		"http://ci.example.test/x":         {"ci.example.test", "", "", nil},
		"https://a\uff0fb.example.test/x":  {err: origin.ErrHost},
	} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		var got outcome
		way := credential{own: own, header: http.Header{"Gate": {"g"}}, next: roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Host != req.URL.Host {
				t.Errorf("%s: the host is %q, and %q in the header", target, req.URL.Host, req.Host)
			}
			got = outcome{host: req.Host, token: req.Header.Get("Authorization"), gate: req.Header.Get("Gate")}
			return nil, nil
		})}
		request := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host}).WithContext(WithToken(t.Context(), "t"))
		if _, err := way.RoundTrip(request); !errors.Is(err, want.err) { //nolint:bodyclose // there is none
			t.Errorf("%s: %v, want %v", target, err, want.err)
		}
		if got.err = want.err; got != want {
			t.Errorf("%s: %+v, want %+v", target, got, want)
		}
	}
}
