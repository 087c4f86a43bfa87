package server_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

func testToken(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	for header, want := range map[string]int{
		"Bearer " + token: 404, "bearer " + token: 404,
		"": 401, "Bearer": 401, "Bearer ": 401, token: 401, "Basic " + token: 401, "Bearer " + token + "x": 401,
		"Bearer " + token[1:]: 401, "Bearer  " + token: 401, "Bearer " + strings.ToUpper(token): 401,
	} {
		for _, path := range []string{"/v8/artifacts/a", "/nowhere"} {
			got := r.do(http.MethodGet, path, nil, "Authorization: "+header)
			if got.Status != want {
				t.Errorf("GET %s with %q: %d, want %d", path, header, got.Status, want)
			}
			if want == 401 && got.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("GET %s with %q: WWW-Authenticate is %q", path, header, got.Header.Get("WWW-Authenticate"))
			}
		}
	}
	two := r.request(http.MethodGet, "/v8/artifacts/a", nil)
	two.Header.Add("Authorization", "Bearer other")
	if got := r.answer(client.Do(two)); got.Status != 401 {
		t.Errorf("two tokens: %v", got)
	}
}

func TestHost(t *testing.T) {
	t.Parallel()
	tcp := func(address string) net.Addr {
		addr := must.Get(net.ResolveTCPAddr("tcp", address))(t)
		return addr
	}
	for _, test := range []struct {
		addr           net.Addr
		allowed, other string
	}{
		{
			tcp("127.0.0.1:7777"), "127.0.0.1:7777 localhost:7777 LocalHost:7777",
			"127.0.0.1 127.0.0.1:7778 localhost localhost:80 127.0.0.2:7777 [::1]:7777 0.0.0.0:7777 evil.com evil.com:7777 localhost.evil.com:7777 127.0.0.1.evil.com:7777 2130706433:7777",
		},
		{tcp("127.0.0.1:80"), "127.0.0.1 127.0.0.1:80 localhost", "127.0.0.1:8080 evil.com"},
		{tcp("[::1]:7777"), "[::1]:7777 [0:0:0:0:0:0:0:1]:7777 localhost:7777", "127.0.0.1:7777 [::1] [::2]:7777"},
		{tcp("[::1]:80"), "[::1] [::1]:80", "[::2]"},
		{tcp("192.0.2.1:7777"), "192.0.2.1:7777", "localhost:7777 127.0.0.1:7777 example:7777 c\u0130.example:7777 a\uff0fb:7777"},
		{tcp("0.0.0.0:7777"), "127.0.0.1:7777 192.0.2.1:7777 localhost:7777 [::1]:7777", "127.0.0.1:7778 evil.com:7777"},
		{tcp("[::]:7777"), "127.0.0.1:7777 [2001:db8::1]:7777 localhost:7777", "evil.com:7777"},
	} {
		web := must.Get(server.New(fake{}, server.Options{Token: token, Addr: test.addr}))(t)
		for want, hosts := range map[int]string{200: test.allowed, 421: test.other} {
			for _, host := range strings.Fields(hosts) {
				request := httptest.NewRequest(http.MethodGet, "/v8/artifacts/status", nil)
				request.Host = host
				request.Header.Set("Authorization", "Bearer "+token)
				recorder := httptest.NewRecorder()
				if web.ServeHTTP(recorder, request); recorder.Code != want {
					t.Errorf("%v answers %q with %d, want %d", test.addr, host, recorder.Code, want)
				}
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	for name, options := range map[string]server.Options{
		"no token":                   {Addr: addr},
		"a token with a space":       {Addr: addr, Token: "a b"},
		"a token that is no ASCII":   {Addr: addr, Token: "ä"},
		"a token with a line end":    {Addr: addr, Token: "a\n"},
		"no address":                 {Token: token},
		"an address of another kind": {Token: token, Addr: &net.UnixAddr{Name: "/socket", Net: "unix"}},
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
