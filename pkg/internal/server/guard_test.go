package server_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

func TestHost(t *testing.T) {
	t.Parallel()
	const (
		literals = "127.0.0.1 127.0.0.1: 127.0.0.1:7778 127.0.0.2:7777 192.0.2.1:7777 0.0.0.0:7777 [::1] [::1]:7777 [0:0:0:0:0:0:0:1]:7777 " +
			"[2001:DB8::1]:1 [::ffff:127.0.0.1]:7777"
		local   = " localhost localhost: localhost:80 LocalHost:7778 localhost. localhost.:7777"
		hostile = "evil.com evil.com. evil.com:7777 localhost.evil.com:7777 127.0.0.1.evil.com:7777 evil.com.localhost " +
			"2130706433:7777 0x7f000001 0x7f.1 127.1:7777 0177.0.0.1 0x evil.0x7f 127.0.0.1.:7777 256.0.0.1 " + // are addresses only to browsers
			"::1 ::1:7777 [::1 ::1] [::1]x [127.0.0.1] [localhost]:7777 [fe80::1%25eth0]:7777 [fe80::1%eth0]:7777 " +
			"user@127.0.0.1:7777 user:pw@localhost 127.0.0.1@evil.com evil.com@127.0.0.1 127.0.0.1/@evil.com 127.0.0.1?x 127.0.0.1#x " +
			`127.0.0.1\evil.com 127.0.0.1,evil.com 127.0.0.1:port 127.0.0.1:65536 127.0.0.1:-1 127.0.0.1:7777:7777 : :7777 . .. localhost.. ..localhost ` +
			"c\u0130.example:7777 a\uff0fb:7777 %31%32%37.0.0.1 loc%61lhost local\u00adhost\u3002x " + "a.b.c.example.org xn--a.evil"
	)
	for _, test := range []struct {
		addr, hosts    string
		allowed, other string
	}{
		{"127.0.0.1:7777", "", literals + local, hostile},
		{"[::1]:80", "", literals + local, hostile},
		{"0.0.0.0:7777", "", literals + local, hostile},
		{"[::]:7777", "", literals + local, hostile},
		{"192.0.2.1:7777", "", literals, local + hostile},
		{"[fe80::1%eth0]:7777", "", literals, local + hostile},
		{
			"192.0.2.1:7777", "cache B\u00fccher.example under_score.internal. 2001:db8::2",
			literals + " cache cache. CACHE:443 Cache.:1 b\u00fccher.example xn--bcher-kva.example:80 B\u00dcCHER.example. b\u00fccher\u3002example under_score.internal",
			hostile + local + " x.cache cache.x cach cache.. .cache cache_ under_score bucher.example",
		},
	} {
		addr := must.Get(net.ResolveTCPAddr("tcp", test.addr))(t)
		web := must.Get(server.New(fake{}, server.Options{Tokens: tokens(t), Addr: addr, Hosts: strings.Fields(test.hosts)}))(t)
		for want, hosts := range map[int]string{200: test.allowed, 421: test.other} {
			for _, host := range append(strings.Fields(hosts), map[int][]string{421: {"", " ", "local host", strings.Repeat("a.", 127) + "example"}}[want]...) {
				if got := askFor(web, host); got.Code != want {
					t.Errorf("%v answers %q with %d, want %d", test.addr, host, got.Code, want)
				}
			}
		}
	}
}

// askFor sends a request for a host.
func askFor(web *server.Server, host string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, "/v8/artifacts/status", nil)
	request.Host = host
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	web.ServeHTTP(recorder, request)
	return recorder
}

// TestMisdirected checks that the answer names the flag only if it would help.
func TestMisdirected(t *testing.T) {
	t.Parallel()
	r := start(t, directory(t, store.Options{}), server.Options{})
	const unnamed = "The request's Host is neither a host name nor an address."
	known := func(name string) string {
		return `This server is not known as \"` + name + `\"; start it with --host ` + name + "."
	}
	long := strings.Repeat("a.", 126) + "b"
	for host, want := range map[string]string{
		"cache.internal:8080": known("cache.internal"),
		"Cache.Internal.":     known("cache.internal"),
		"a_b":                 known("a_b"),
		long:                  known(long),
		long + "c":            unnamed,
		"$(reboot)":           unnamed,
		"a'b":                 unnamed,
		"2130706433":          unnamed,
	} {
		r.expectFailure(host, r.do(http.MethodGet, "/v8/artifacts/status", nil, "Host: "+host), 421, "misdirected_request", want)
	}
}

// TestRequestTargets sends requests that name two hosts, or none. The answers are to
// the first request on a connection; nothing in it may count as a second one.
func TestRequestTargets(t *testing.T) {
	t.Parallel()
	r := start(t, directory(t, store.Options{}), server.Options{})
	const bearer = "Authorization: Bearer " + token + "\r\nConnection: close\r\n"
	own, evil := "Host: "+r.addr+"\r\n", "Host: evil.com\r\n"
	for head, want := range map[string]string{
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + bearer:                                                 "200",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + own + bearer:                                           "400",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + evil + bearer:                                          "400",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + bearer:                                                       "400",
		"GET /v8/artifacts/status HTTP/1.1\r\nHost:\r\n" + bearer:                                              "421",
		"GET /v8/artifacts/status HTTP/1.0\r\n" + bearer:                                                       "421",
		"GET /v8/artifacts/status HTTP/1.0\r\n" + own + bearer:                                                 "200",
		"GET /v8/artifacts/status HTTP/1.1\r\nHost: u:p@" + r.addr + "\r\n" + bearer:                           "400",
		"GET /v8/artifacts/status HTTP/1.1\r\nHost : " + r.addr + "\r\n" + bearer:                              "400",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + " x: folded\r\n" + bearer:                              "400",
		"GET /v8/artifacts/status HTTP/1.1\r\nX: a\rHost: evil.com\r\n" + own + bearer:                         "400",
		"GET /v8/artifacts/status HTTP/1.1\r\nX: a\x00\r\n" + own + bearer:                                     "400",
		"GET http://evil.com/v8/artifacts/status HTTP/1.1\r\n" + own + bearer:                                  "421",
		"GET http://evil.com@" + r.addr + "/v8/artifacts/status HTTP/1.1\r\n" + own + bearer:                   "200",
		"GET http://" + r.addr + "@evil.com/v8/artifacts/status HTTP/1.1\r\n" + own + bearer:                   "421",
		"GET http://" + r.addr + "/v8/artifacts/status HTTP/1.1\r\n" + evil + bearer:                           "200", // RFC 9112, section 3.2.2
		"GET //evil.com/v8/artifacts/status HTTP/1.1\r\n" + own + bearer:                                       "404",
		"CONNECT evil.com:443 HTTP/1.1\r\nHost: evil.com:443\r\n" + bearer:                                     "421",
		"CONNECT " + r.addr + " HTTP/1.1\r\n" + own + bearer:                                                   "404",
		"OPTIONS * HTTP/1.1\r\n" + own + bearer:                                                                "404",
		"OPTIONS * HTTP/1.1\r\n" + evil + bearer:                                                               "421",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + bearer + "Content-Length: 0\r\nContent-Length: 5\r\n":  "400",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + bearer + "Transfer-Encoding: chunked, identity\r\n":    "501",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + bearer + "Transfer-Encoding: xchunked\r\n":             "501",
		"GET /v8/artifacts/status HTTP/1.1\r\n" + own + bearer + "Authorization: Bearer " + readToken + "\r\n": "401",
	} {
		conn := r.raw(head + "\r\n")
		text, _ := io.ReadAll(conn) // it may be reset after the answer
		if got := string(text); !strings.HasPrefix(got, head[strings.Index(head, "HTTP/1."):][:8]+" "+want) || strings.Count(got, "HTTP/1.") != 1 {
			t.Errorf("%q was answered with %q, want %s", head, got, want)
		}
	}
}

func TestParseHost(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"cache": "cache", "Cache.Example.com.": "cache.example.com", "a_b.local": "a_b.local", "b\u00fccher.example": "xn--bcher-kva.example",
		"192.0.2.1": "192.0.2.1", "2001:DB8:0::1": "2001:db8::1", "::ffff:192.0.2.1": "192.0.2.1",
		"": "", ".": "", "a..b": "", ".a": "", "a.b..": "", "*.example.com": "", "a b": "", "a/b": "", "a:80": "", "[::1]": "", "fe80::1%eth0": "",
		"127.1": "", "1": "", "0x7f000001": "", "a.0x": "", "a@b": "", "a\n": "", "a,b": "", strings.Repeat("a", 254): "",
	} {
		got, err := server.ParseHost(text)
		if got != want || (want == "") != errors.Is(err, server.ErrHost) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	for name, options := range map[string]server.Options{
		"no tokens":                  {Addr: addr},
		"empty tokens":               {Addr: addr, Tokens: new(server.Tokens)},
		"no address":                 {Tokens: tokens(t)},
		"an address of another kind": {Tokens: tokens(t), Addr: &net.UnixAddr{Name: "/socket", Net: "unix"}},
		"a name with a port":         {Tokens: tokens(t), Addr: addr, Hosts: []string{"cache:80"}},
	} {
		if _, err := server.New(fake{}, options); err == nil {
			t.Errorf("New takes %s", name)
		}
	}
}

func testLog(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	var got []server.Access
	for i, request := range []*http.Request{
		r.request(http.MethodPut, "/v8/artifacts/a%20b?slug=secret-query", []byte("four")),
		r.request(http.MethodPut, "/v8/artifacts/a%1b%5B31m%E2%80%AE%C2%85?slug=s", []byte("four")),
		r.request(http.MethodPut, "/v8/artifacts/good", []byte("four")),
		r.request(http.MethodGet, "/v8/artifacts/good", nil),
		r.request(http.MethodGet, "/"+strings.Repeat("x", 5000), nil, "Authorization: Bearer "+token+"?"),
	} {
		r.answer(client.Do(request))
		a := r.log(i + 1)[i] // before the next one comes
		if a.Duration <= 0 {
			t.Errorf("%+v took no time", a)
		}
		a.Duration = 0
		got = append(got, a)
	}
	refusal := `"code":"bad_request","message":"invalid artifact id \"a b\": it contains ' '; slashes, white space and control characters are not allowed."`
	want := []server.Access{
		{Method: "PUT", Path: "/v8/artifacts/a%20b", Status: 400, Sent: int64(2*len(refusal) + len(`{"error":{},}`))},
		{Method: "PUT", Path: "/v8/artifacts/a%1b%5B31m%E2%80%AE%C2%85", Status: 400, Sent: got[1].Sent},
		{Method: "PUT", Path: "/v8/artifacts/good", Status: 202, Received: 4, Sent: got[2].Sent},
		{Method: "GET", Path: "/v8/artifacts/good", Status: 200, Sent: 4},
		{Method: "GET", Path: "/" + strings.Repeat("x", 1023), Status: 401, Sent: got[4].Sent},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("logged %+v, want %+v", got[i], want[i])
		}
	}
}
