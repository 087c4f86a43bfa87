//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The bytes that most tests upload, and their digest.
const (
	hello       = "hello\n"
	helloSHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
)

// token is long enough to be found if it leaks.
const token = "canary-9c1f3a5e7d"

// patience is the time limit of a run on a machine that many tests keep busy.
const patience = time.Minute

// call is one run of the program.
type call struct {
	args  []string
	env   []string      // in addition to PATH and directories
	stdin io.Reader     // default: /dev/null
	dir   string        // default: a new directory
	limit time.Duration // default: patience
}

// outcome is the result of a run. The code is the one that a shell reports.
type outcome struct {
	code           int
	stdout, stderr string
}

// command returns the program, ready to run in a clean environment.
func (c call) command(t testing.TB) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(c.limit, patience))
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "artifact", c.args...)
	cmd.WaitDelay = time.Second // for what a killed shell had started
	cmd.Dir = c.dir
	if cmd.Dir == "" {
		cmd.Dir = t.TempDir()
	}
	home := t.TempDir()
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"),
		"TMPDIR=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + os.TempDir(),
		"GORACE=atexit_sleep_ms=0", "ARTIFACT_RETRIES=0",
	}, c.env...)
	cmd.Stdin = c.stdin
	return cmd
}

// run runs the program to its end.
func (c call) run(t *testing.T) outcome {
	t.Helper()
	return finish(t, c.command(t))
}

func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	err := cmd.Run()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return outcome{shellCode(cmd.ProcessState), stdout.String(), stderr.String()}
}

// check compares a whole outcome.
func (o outcome) check(t *testing.T, want outcome) {
	t.Helper()
	if o != want {
		t.Errorf("exit %d\nstdout: %q\nstderr: %q\nwant exit %d\nstdout: %q\nstderr: %q",
			o.code, o.stdout, o.stderr, want.code, want.stdout, want.stderr)
	}
}

// recorded is a request as it arrived.
type recorded struct {
	Method, URI, Body string
	Length            int64
	Header            http.Header
}

// recorder is a cache that records requests, and stores nothing.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	requests []recorded
}

// record answers with answer after reading the whole body; the default is a
// successful answer.
func record(t *testing.T, answer http.HandlerFunc) *recorder {
	t.Helper()
	if answer == nil {
		answer = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"urls":["https://cache.example/x"]}`)
		}
	}
	r := new(recorder)
	r.serve(t, func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // broken off: nothing was received
		}
		r.mu.Lock()
		r.requests = append(r.requests, recorded{
			req.Method, req.RequestURI, string(body), req.ContentLength, req.Header,
		})
		r.mu.Unlock()
		answer(w, req)
	})
	return r
}

// serve calls handle for each request.
func serve(t *testing.T, handle http.HandlerFunc) *recorder {
	t.Helper()
	r := new(recorder)
	r.serve(t, handle)
	return r
}

func (r *recorder) serve(t *testing.T, handle http.HandlerFunc) {
	t.Helper()
	r.Server = httptest.NewUnstartedServer(handle)
	// The kernel may grow a buffer to hold 16 MiB that no handler has read.
	r.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
	}
	r.Start()
	t.Cleanup(r.Close)
}

// all are the requests so far.
func (r *recorder) all() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recorded(nil), r.requests...)
}

// env points the program at the recorder.
func (r *recorder) env() []string {
	return []string{"ARTIFACT_API=" + r.URL, "ARTIFACT_TOKEN=" + token}
}

// must returns a function that returns value, or ends the test if err is not nil,
// as pkg/internal/must does where that can be imported.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		mustDo(t, err)
		return value
	}
}

// mustDo ends the test if err is not nil.
func mustDo(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	return string(must(os.ReadFile(path))(t))
}

// writeFile makes the directories above path too.
func writeFile(t *testing.T, path, content string) string {
	t.Helper()
	mustDo(t, os.MkdirAll(filepath.Dir(path), 0o777))
	mustDo(t, os.WriteFile(path, []byte(content), 0o666))
	return path
}

// writeProgram writes a script that can be run. No test may start a process
// meanwhile: it would hold the file open for writing until its own program runs, and
// a file that is open for writing cannot be run.
func writeProgram(t *testing.T, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	mustDo(t, os.WriteFile(path, []byte(script), 0o700))
}
