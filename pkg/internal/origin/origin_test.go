package origin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://ci.example.test":            "https://ci.example.test:443",
		"HTTPS://CI.Example.test:443/x?y":    "https://ci.example.test:443",
		"https://ci.example.test:0443":       "https://ci.example.test:443",
		"https://ci.example.test:":           "https://ci.example.test:443",
		"https://user@ci.example.test":       "https://ci.example.test:443",
		"http://ci.example.test":             "http://ci.example.test:80",
		"http://ci.example.test:443":         "http://ci.example.test:443",
		"https://ci.example.test.":           "https://ci.example.test.:443",
		"https://c\u0130.example.test":       "https://xn--ci-sub.example.test:443",
		"https://c%C4%B0.example.test":       "https://xn--ci-sub.example.test:443",
		"https://ap\u0130.vercel.com":        "https://xn--api-bec.vercel.com:443",
		"https://ap\u0131.vercel.com":        "https://xn--ap-ipa.vercel.com:443", // a dotless i
		"https://api\u3002vercel\uff0ecom":   "https://api.vercel.com:443",
		"https://\uff41pi.vercel.com":        "https://api.vercel.com:443",
		"https://api.ver\u00adcel.com":       "https://api.vercel.com:443", // a soft hyphen
		"https://b\u00fccher.example":        "https://xn--bcher-kva.example:443",
		"https://XN--BCHER-kva.example":      "https://xn--bcher-kva.example:443",
		"https://stra\u00dfe.example":        "https://xn--strae-oqa.example:443",
		"https://under_score.example":        "https://under_score.example:443",
		"https://127.0.0.1":                  "https://127.0.0.1:443",
		"https://\uff11\uff12\uff17.0.0.1":   "https://127.0.0.1:443",
		"https://[0:0:0:0:0:0:0:1]":          "https://[::1]:443",
		"https://[2001:DB8::A]:8443":         "https://[2001:db8::a]:8443",
		"https://[::ffff:127.0.0.1]":         "https://[::ffff:127.0.0.1]:443",
		"https://[fe80::1%25Eth0]":           "https://[fe80::1%Eth0]:443",
		"https://ci.example.test:65536":      ErrPort.Error(),
		"https://ci.example.test:9999999999": ErrPort.Error(),
		"ftp://ci.example.test":              ErrPort.Error(),
		"https://\u00ad":                     ErrHost.Error(),
		"https://]":                          ErrHost.Error(),
		"https:///path":                      ErrHost.Error(),
		"https://a\uff0fb.example":           ErrHost.Error(), // a wide slash
		"https://\ufffd.example":             ErrHost.Error(),
		"https://%EF%BC%85.example":          ErrHost.Error(), // a wide percent sign
		"https://b\u00fccher_.example":       ErrHost.Error(),
	} {
		u := must.Get(url.Parse(raw))(t)
		got, err := Of(u)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
		if Same(u, u) != (err == nil) {
			t.Errorf("%q is the same as itself: %v", raw, err != nil)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://a.example/x", "https://A.EXAMPLE:443/y", true},
		{"https://a.example", "http://a.example", false},
		{"https://a.example", "https://a.example:444", false},
		{"https://a.example", "https://a.example.", false},
		{"https://ci.example", "https://c\u0130.example", false},
		{"https://c\u0130.example", "https://xn--ci-sub.example", true},
		{"https://[fe80::1%25a]", "https://[fe80::1%25A]", false},
		{"https://a\uff0fb", "https://a\uff0fb", false},
	} {
		a, errA := url.Parse(test.a)
		b, errB := url.Parse(test.b)
		must.Do(t, errors.Join(errA, errB))
		if Same(a, b) != test.want || Same(b, a) != test.want || Same(a, nil) || Same(nil, b) {
			t.Errorf("%s and %s: %v, want %v", test.a, test.b, !test.want, test.want)
		}
	}
}

// FuzzOf checks that an origin is the address that net/http dials, so that equal
// origins are one address.
func FuzzOf(f *testing.F) {
	for _, raw := range []string{
		"https://api.vercel.com", "https://ap\u0130.vercel.com", "https://api\u3002vercel.com:0443", "https://\u00ad", "http://[::1%25Lo]:1",
		"http://[0::1]", "https://b\u00fccher.example:99999", "https://%C4%B0", "https://\u212aits", "https://a..b", "https://xn--a", "https://\u00fc.xn--a",
		"http://%00", "http://a%2eb", "https://\u202eabc", "http://]", "http://[::ffff:1.2.3.4]",
	} {
		f.Add(raw)
	}
	errDialled := errors.New("dialled")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			return
		}
		origin, err := Of(u)
		if err != nil {
			return
		}
		ascii, err := ASCII(u)
		if err != nil {
			t.Fatalf("%q has an origin, and no ASCII form: %v", raw, err)
		}
		for _, u := range []*url.URL{u, ascii} {
			dialled := ""
			network := &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
				dialled = address
				return nil, errDialled
			}}
			request := (&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context())
			if _, err := network.RoundTrip(request); !errors.Is(err, errDialled) {
				continue // net/http refuses it
			}
			if got := u.Scheme + "://" + plain(t, dialled); got != origin {
				t.Errorf("%q has the origin %q, and %q is dialled", raw, origin, dialled)
			}
		}
	})
}

// plain normalizes an address for comparison.
func plain(t *testing.T, address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	} else {
		host = strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, host)
	}
	number := must.Get(strconv.Atoi(port))(t)
	return net.JoinHostPort(host, strconv.Itoa(number))
}
