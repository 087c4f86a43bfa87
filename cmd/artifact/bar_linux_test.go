package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestBarAndStory checks the bar on a terminal, with whole lines above it for
// requests and retries.
func TestBarAndStory(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		columns uint16
		fails   int32 // requests that do, at first
		args    []string
		shows   []string
	}{
		"requests":      {80, 0, []string{"-v"}, []string{"PUT SERVER/v8/artifacts/k: 202 HTTP/1.1 in "}},
		"tries, narrow": {40, 1, nil, []string{strings.NewReplacer(" answered", "\r\n  answered", " again", "\r\n  again").Replace(triedAgain), "waiting to try again"}},
		"tries, wide":   {120, 1, nil, []string{triedAgain, "waiting to try again"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			seen := make(chan struct{})
			server := record(t, func(w http.ResponseWriter, _ *http.Request) {
				<-seen
				if tries.Add(1) > test.fails {
					w.WriteHeader(http.StatusAccepted)
					return
				}
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusBadGateway)
			})
			c := call{args: append([]string{"put", "--hash=k", "--no-git", "-"}, test.args...), stdin: strings.NewReader(hello),
				env: append(server.env(), "ARTIFACT_RETRIES=1")}
			shown, _ := watch(t, test.columns, c, "waiting for the server", func(io.Writer) { close(seen) })
			rest := strings.ReplaceAll(shown, server.URL, "SERVER")
			for _, text := range test.shows {
				_, after, found := strings.Cut(rest, text)
				if !found {
					t.Errorf("no %q in %q", text, rest)
				}
				rest = after
			}
			if !strings.HasSuffix(rest, "\r\x1b[Jk  -\r\n") {
				t.Errorf("it ends with %q", rest)
			}
		})
	}
}

const triedAgain = "\r\x1b[Jartifact: uploading -: the server answered 502 Bad Gateway; trying again in 1s (1 of 1)\r\n"

const threeSHA256 = "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"

// TestBarOfMany checks that the bar stays below results and failures on one
// terminal, and disappears in the end.
func TestBarOfMany(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		bar  string
		last []string // lines that come while the bar is there
	}{
		{[]string{"put"}, "uploading 3/4", []string{
			threeSHA256 + "  c", "artifact: reading missing: no such file or directory",
			"artifact: 1 of 4 artifacts failed, 3 uploaded; 11 B in TIME"}},
		{[]string{"put", "--json"}, "uploading 3/4", nil},
		{[]string{"verify"}, "verifying 3/4", []string{
			"c: MISSING", "artifact: verifying c: the server answered 404 Not Found",
			"artifact: reading missing: no such file or directory"}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			seen := make(chan struct{})
			server := record(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, threeSHA256) {
					<-seen
				}
				w.WriteHeader(map[string]int{http.MethodPut: http.StatusAccepted, http.MethodGet: http.StatusNotFound}[r.Method])
			})
			dir := t.TempDir()
			for name, content := range map[string]string{"a": "one", "b": "two", "c": "three"} {
				writeFile(t, filepath.Join(dir, name), content)
			}
			shown, _ := watch(t, 80, call{args: slices.Concat(test.args, []string{"-j2", "a", "b", "c", "missing"}),
				dir: dir, env: append(server.env(), "NO_COLOR=1")}, test.bar, func(io.Writer) { close(seen) })
			shown = elapsed.ReplaceAllString(strings.ReplaceAll(shown, "\r\n", "\n"), " in TIME\n")
			for _, line := range test.last {
				// Each line begins where the bar was, or below the last one.
				if !strings.Contains(shown, "\r\x1b[J"+line+"\n") && !strings.Contains(shown, "\n"+line+"\n") {
					t.Errorf("%q is no line of %q", line, shown)
				}
			}
			if end := shown[strings.LastIndex(shown, "\x1b[?7h")+len("\x1b[?7h"):]; !strings.HasPrefix(end, "\r\r\x1b[J") {
				t.Errorf("behind the last bar stands %q", end)
			}
		})
	}
}

// TestInterruptFromTheKeyboard checks that Ctrl-C removes the bar, and prints a
// summary.
func TestInterruptFromTheKeyboard(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files int
		args  []string
		bar   string
		says  string
	}{
		"one":  {2, []string{"put", "f0001"}, "waiting for the server", ""},
		"many": {50, []string{"put", "-j4", "--files-from", "list"}, "uploading  0/50", "artifact: interrupted before the first result\r\n"},
		// More than are looked at ahead of the first result.
		"a directory": {1500, []string{"put", "-j4", "-r", "."}, "uploading    0/1501", "artifact: interrupted before the first result\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := stuck(t)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "list"), files(t, dir, test.files))
			shown, code := watch(t, 80, call{args: test.args, dir: dir, env: server.env()}, test.bar,
				func(keyboard io.Writer) { fmt.Fprint(keyboard, "\x03") })
			if _, after, _ := strings.Cut(shown, "^C"); code != 130 || !strings.HasSuffix(after, "\r\x1b[J"+test.says) || strings.Count(after, "artifact:") > 1 {
				t.Errorf("exit %d, %q", code, shown)
			}
		})
	}
}
