//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// putFile uploads a small file called file.
func putFile(t *testing.T, env []string, flags ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), hello)
	return call{args: append(append([]string{"put"}, flags...), "file"), env: env, dir: dir}.run(t)
}

// TestSuccesses takes what servers answer to an upload that they stored.
func TestSuccesses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
	}{
		{200, ""}, {200, `{"urls":null}`}, {200, `{"ok":true}`}, {201, "stored"}, {202, `{"urls":["a","/b"]}`}, {204, ""},
	} {
		server := record(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		})
		putFile(t, server.env()).check(t, outcome{stdout: helloSHA256 + "  file\n"})
	}
}

// TestRedirects follows 307 and 308 without the credential, and nothing else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for status, follows := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			other := record(t, nil)
			first := record(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL+r.URL.Path, status)
			})
			got := putFile(t, first.env())
			if !follows {
				got.check(t, outcome{code: 8, stderr: fmt.Sprintf(
					"artifact: uploading file: the server answered %d %s: the redirect is not followed\nartifact: hint: Use this --api: %s\n",
					status, http.StatusText(status), other.URL)})
				if requests := other.all(); len(requests) > 0 {
					t.Errorf("sent %v", requests)
				}
				return
			}
			got.check(t, outcome{stdout: helloSHA256 + "  file\n"})
			request := other.only(t)
			if request.Method != http.MethodPut || request.Body != hello || request.Header.Get("Authorization") != "" {
				t.Errorf("received %+v", request)
			}
		})
	}
}

// TestEarlySuccess is about a server that says yes to half an upload, or to none of
// it, of which this machine's own buffers hold the rest.
func TestEarlySuccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ size, reads int64 }{{3_000_000, 0}, {6_000_000, 3_000_000}, {64 << 20, 0}} {
		listener := listen(t)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			// The headers and the beginning of the body. No more is read.
			_, _ = io.ReadFull(conn, make([]byte, 4096))
			_, _ = io.CopyN(io.Discard, conn, test.reads)
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			<-t.Context().Done()
		}()
		got := call{
			args: []string{"put", "-q", "-"}, stdin: io.LimitReader(zeros{}, test.size),
			env: []string{"ARTIFACT_API=http://" + listener.Addr().String(), "ARTIFACT_TOKEN=" + token},
		}.run(t)
		got.check(t, outcome{code: 8, stderr: "artifact: uploading -: the server answered 200 OK: " +
			"the server reported success before it was sent the whole body\n" +
			"artifact: hint: A proxy or a server that does not read uploads answered; the artifact may not be stored.\n"})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// TestNoAnswer is about places where no cache is.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	closed := listen(t)
	closed.Close()
	got := putFile(t, []string{"ARTIFACT_API=http://" + closed.Addr().String(), "ARTIFACT_TOKEN=" + token})
	got.check(t, outcome{code: 9, stderr: fmt.Sprintf(
		"artifact: uploading file: dial tcp %s: connect: connection refused\nartifact: hint: Nothing listens there: check --api.\n", closed.Addr())})

	silent := listen(t)
	go func() {
		if conn, err := silent.Accept(); err == nil {
			conn.Close()
		}
	}()
	got = putFile(t, []string{"ARTIFACT_API=http://" + silent.Addr().String(), "ARTIFACT_TOKEN=" + token})
	if got.code != 9 || got.stdout != "" {
		t.Errorf("a connection that is closed: %+v", got)
	}
}

// TestWarnOnly prints the same failure and exits 0.
func TestWarnOnly(t *testing.T) {
	t.Parallel()
	server := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	putFile(t, server.env(), "--warn-only").check(t, outcome{stderr: "artifact: uploading file: " +
		"the server answered 500 Internal Server Error\nartifact: hint: The server has a fault; try again later.\n"})
}

// TestWarnOnlyOnGitHub shows each failure as a warning of the job too, escaped as
// the runner demands.
func TestWarnOnlyOnGitHub(t *testing.T) {
	t.Parallel()
	server := record(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "100% full for "+r.Header.Get("Authorization"), http.StatusInsufficientStorage)
	})
	env := []string{"ARTIFACT_API=" + server.URL, "ARTIFACT_TOKEN=canary%0Asecret", "GITHUB_ACTIONS=true", "CI=true"}
	failed := func(name string) string {
		reason := "uploading " + name + ": the server answered 507 Insufficient Storage: 100% full for Bearer ***\n"
		return "artifact: " + reason + "::warning::" + strings.ReplaceAll(reason, "%", "%25")
	}
	const hint = "artifact: hint: The server has a fault; try again later.\n"
	shell(t, `artifact put --warn-only --no-git file`, env).run(t).check(t, outcome{stderr: failed("file") + hint})
	shell(t, `artifact put --json --warn-only --no-git file >json`, env).run(t).check(t, outcome{stderr: failed("file") + hint})
	shell(t, `artifact put -q --warn-only --no-git -j1 file 'two%
lines' no`, env).run(t).check(t, outcome{stderr: failed("file") +
		"artifact: reading two%\\nlines: no such file or directory\n::warning::reading two%25\\nlines: no such file or directory\n" +
		"artifact: reading no: no such file or directory\n::warning::reading no: no such file or directory\n" +
		"artifact: 3 of 3 artifacts failed\nartifact: 1 failed: the server answered 507 Insufficient Storage: 100% full for Bearer ***\n" + hint +
		"artifact: 2 failed: no such file or directory\n"})
	// Without the flag the step fails, which GitHub shows by itself.
	shell(t, `artifact put --no-git no`, env).run(t).check(t, outcome{code: 2, stderr: "artifact: reading no: no such file or directory\n"})
}

// TestVerbose prints a line for each request, and the server's code.
func TestVerbose(t *testing.T) {
	t.Parallel()
	server := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Vercel-Id", "fra1::abc")
		w.WriteHeader(403)
		fmt.Fprint(w, `{"error":{"code":"remote_caching_paused","message":"Paused."}}`)
	})
	got := putFile(t, append(server.env(), "TURBO_TEAM=t"), "-v", "--no-git")
	lines := strings.Split(got.stderr, "\n")
	begin := "PUT " + server.URL + "/v8/artifacts/" + helloSHA256 + "?slug=t: 403 HTTP/1.1 in "
	if got.code != 5 || len(lines) != 5 || !strings.HasPrefix(lines[0], begin) || !strings.HasSuffix(lines[0], ", request fra1::abc") ||
		lines[2] != "artifact: the server's code for this: remote_caching_paused" {
		t.Errorf("%+v", got)
	}
}
