package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// proxyWants is the hint for a proxy that requires a login.
const proxyWants = "artifact: hint: The proxy needs a user name and a password: set ARTIFACT_PROXY, or HTTPS_PROXY or HTTP_PROXY,\n" +
	"artifact: hint: to http://USER:PASSWORD@HOST:PORT. List hosts that need no proxy in NO_PROXY.\n"

// TestProxies uploads through a real proxy, with CONNECT and in plain HTTP.
func TestProxies(t *testing.T) {
	t.Parallel()
	server := newProxiedServer(t, record(t, nil))
	free, locked := startSquid(t, "allow all"), startSquid(t, "allow known")
	const stored = helloSHA256 + "  file\n"
	for _, url := range []string{server.http, server.https} {
		says := "the proxy " + locked.address + " answered 407 Proxy Authentication Required"
		if url == server.http { // if both look the same
			says = "the server answered 407 Proxy Authentication Required: ERROR: Cache Access Denied"
		}
		refused := outcome{code: 8, stderr: "artifact: uploading file: " + says + "\n" + proxyWants}
		for name, test := range map[string]struct {
			proxy *squid
			user  string
			want  outcome
		}{
			"no password":         {free, "", outcome{stdout: stored}},
			"a password too much": {free, "user:" + password + "@", outcome{stdout: stored}},
			"the password":        {locked, "user:" + password + "@", outcome{stdout: stored}},
			"a missing password":  {locked, "", refused},
			"a wrong password":    {locked, "user:" + password + "x@", refused},
			"another's user name": {locked, "nobody:" + password + "@", refused},
		} {
			before := len(server.all())
			env := server.through(url, "http://"+test.user+test.proxy.address)
			putFile(t, env).check(t, test.want)
			requests := server.all()[before:]
			if want := test.want.code == 0; want != (len(requests) == 1) {
				t.Errorf("%s, %s: %d requests came", url, name, len(requests))
			}
			for _, got := range requests {
				if got.Body != hello || got.Header.Get("Authorization") != "Bearer "+token || got.Header.Get("Proxy-Authorization") != "" {
					t.Errorf("%s, %s: received %+v", url, name, got)
				}
			}
			if got := putFile(t, env, "-v"); strings.Contains(got.stdout+got.stderr, "canary") {
				t.Errorf("%s, %s: it prints %+v", url, name, got)
			}
		}
	}
	for _, p := range []*squid{free, locked} {
		log := p.log()
		for _, passed := range []string{" CONNECT " + strings.TrimPrefix(server.https, "https://") + " ", " PUT " + server.http + "/v8/artifacts/"} {
			if !strings.Contains(log, passed) {
				t.Errorf("not in the proxy's log: %q\n%s", passed, log)
			}
		}
	}
}

// TestNoProxy bypasses a proxy that does not exist.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	needHost(t)
	server := newProxiedServer(t, record(t, nil))
	closed := fmt.Sprint("127.0.0.1:", freeport.Find(t))
	for _, except := range []string{proxied, ".artifact.test", "*", "other.test, " + proxied} {
		for _, url := range []string{server.http, server.https} {
			got := putFile(t, server.through(url, "http://"+closed, "NO_PROXY="+except))
			got.check(t, outcome{stdout: helloSHA256 + "  file\n"})
		}
	}
}

// TestProxiesThatHelpNot tries proxies that do not exist, cannot connect, must
// not be used or are invalid.
func TestProxiesThatHelpNot(t *testing.T) {
	t.Parallel()
	server := newProxiedServer(t, record(t, nil))
	closed := fmt.Sprint("127.0.0.1:", freeport.Find(t))
	absent := strings.Replace(closed, "127.0.0.1", proxied, 1)
	nowhere := "http://user:" + password + "@" + closed
	strict, free := startSquid(t, "deny all"), startSquid(t, "allow all")
	const again = "; trying again in "
	for name, test := range map[string]struct {
		env  []string
		code int
		said []string // how each line begins, in turn
	}{
		"it is not there": {server.through(server.https, nowhere), 9, []string{
			"artifact: uploading file: proxyconnect tcp: dial tcp " + closed + ": connect: connection refused" + again,
			"artifact: uploading file: proxyconnect tcp: dial tcp " + closed + ": connect: connection refused",
			"artifact: hint: Check the proxy (--proxy, ARTIFACT_PROXY, HTTPS_PROXY, ALL_PROXY), or add the host to NO_PROXY."}},
		"it lets nobody there": {server.through(server.https, "http://"+strict.address), 8, []string{
			"artifact: uploading file: the proxy " + strict.address + " answered 403 Forbidden",
			"artifact: hint: The proxy does not connect to the server: "}},
		"the server is not there": {server.through("https://"+absent, "http://"+free.address), 9, []string{
			"artifact: uploading file: the proxy " + free.address + " answered 503 Service Unavailable" + again,
			"artifact: uploading file: the proxy " + free.address + " answered 503 Service Unavailable",
			"artifact: hint: The proxy does not connect to the server: "}},
		"the server is not there, in plain HTTP": {server.through("http://"+absent, "http://"+free.address), 9, []string{
			"artifact: uploading file: the server answered 503 Service Unavailable: ERROR: The requested URL could not be retrieved" + again,
			"artifact: uploading file: the server answered 503 Service Unavailable: ERROR: The requested URL could not be retrieved",
			"artifact: hint: A proxy on the way answered, not the cache: "}},
		"its password ends the address": {server.through(server.https, "http://user:"+password+"#z@"+closed), 2, []string{
			"artifact: uploading file: the proxy set in the environment has no valid address in HTTPS_PROXY\n",
			"artifact: hint: Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to http://HOST:PORT"}},
		"plain HTTP must not leave": {server.through(server.http, nowhere, "ARTIFACT_ALLOW_HTTP=false"), 2, []string{
			"artifact: uploading file: plain http to another machine is not allowed, through the proxy " + closed,
			"artifact: hint: Use https://"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := putFile(t, test.env)
			lines := strings.SplitAfter(got.stderr, "\n")
			same := len(lines) == len(test.said)+1
			for i := 0; same && i < len(test.said); i++ {
				same = strings.HasPrefix(lines[i], test.said[i])
			}
			if got.code != test.code || !same || strings.Contains(got.stderr, "canary") {
				t.Errorf("%+v, want exit %d and %q", got, test.code, test.said)
			}
		})
	}
}

// TestProxyDies kills the proxy in the middle of the body. If it comes back, a
// retry succeeds on a new connection; otherwise the server has nothing.
func TestProxyDies(t *testing.T) {
	t.Parallel()
	const size = 24 << 20 // more than all buffers on the way hold
	for _, comesBack := range []bool{true, false} {
		t.Run(fmt.Sprint("comes back: ", comesBack), func(t *testing.T) {
			t.Parallel()
			var tries, whole atomic.Int32
			reached := make(chan struct{})
			server := newProxiedServer(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				read := int64(0)
				if tries.Add(1) == 1 {
					read, _ = io.CopyN(io.Discard, r.Body, size/4)
					close(reached)
				}
				if n, err := io.Copy(io.Discard, r.Body); err == nil && read+n == size {
					whole.Add(1)
				}
				w.WriteHeader(http.StatusAccepted)
			}))
			p := startSquid(t, "allow all")
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file"), strings.Repeat("x", size))
			running := start(t, call{args: []string{"put", "--hash=k", "file"}, dir: dir, env: server.through(server.https, "http://"+p.address)}.command(t))
			await(t, reached)
			suspend(t, running) // the pause before its only retry may be none
			p.kill()
			if comesBack {
				p.start(t)
			}
			send(t, running, syscall.SIGCONT)
			got := running.wait()
			if comesBack {
				if got.code != 0 || got.stdout != "k  file\n" || strings.Count(got.stderr, "; trying again in ") != 1 || tries.Load() != 2 || whole.Load() != 1 {
					t.Errorf("%+v after %d tries, %d of them whole", got, tries.Load(), whole.Load())
				}
				return
			}
			if got.code != 9 || got.stdout != "" || !strings.Contains(got.stderr, "\nartifact: uploading file: proxyconnect tcp: ") || whole.Load() != 0 {
				t.Errorf("%+v, and %d whole", got, whole.Load())
			}
		})
	}
}
