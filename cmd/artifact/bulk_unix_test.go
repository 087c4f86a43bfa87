//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// steady is an outcome without the times in it.
func (o outcome) steady() outcome {
	o.stderr = elapsed.ReplaceAllString(o.stderr, " in TIME\n")
	return o
}

const (
	oneSHA256 = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
	twoSHA256 = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
)

// TestGivingUp ends a run that cannot succeed, and names what was not tried.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := files(t, dir, 200)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		args   []string
		code   int
		reason string
	}{
		"401":  {answer: refuse(401, ""), code: 3, reason: "the server refuses all of them"},
		"402":  {answer: refuse(402, ""), code: 4, reason: "the server refuses all of them"},
		"over": {answer: refuse(403, "remote_caching_over_limit"), code: 5, reason: "the server refuses all of them"},
		"first question": {answer: refuse(401, ""), args: []string{"--skip-existing"}, code: 3,
			reason: "the server refuses all of them"},
		"cut": {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, code: 9,
			reason: "10 in a row were lost to the same cause"},
		"fail fast": {answer: refuse(400, ""), args: []string{"--fail-fast"}, code: 8, reason: "another one failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, test.answer)
			got := call{args: append([]string{"put", "-j", "2", "--files-from", "-"}, test.args...),
				stdin: strings.NewReader(list), dir: dir, env: server.env()}.run(t)
			notSent := strings.Count(got.stderr, " was not sent: "+test.reason+"\n")
			failed := strings.Count(got.stderr, ": the server answered ") + strings.Count(got.stderr, ": EOF")
			if got.code != test.code || notSent < 150 || !strings.Contains(got.stderr, fmt.Sprintf(" %d not sent;", notSent)) ||
				!strings.Contains(got.stderr, fmt.Sprintf("%d failed,", 200-notSent)) {
				t.Errorf("exit %d, %d failed and %d not sent:\n%s", got.code, failed, notSent, got.stderr)
			}
			if n := len(server.all()); n > 50 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestGivingUpChecks: verify and stat end in the same way, and name what they
// did not try.
func TestGivingUpChecks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := files(t, dir, 200)
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	const all, lost = "the server refuses all of them", "10 in a row were lost to the same cause"
	for name, test := range map[string]struct {
		args   []string
		answer http.HandlerFunc
		code   int
		meant  string // nothing where all were asked for together
		reason string
	}{
		"verify, 401":       {[]string{"verify"}, refuse(401, ""), 3, "checked", all},
		"verify, paused":    {[]string{"verify"}, refuse(403, "remote_caching_paused"), 5, "checked", all},
		"verify, cut":       {[]string{"verify"}, cut, 9, "checked", lost},
		"verify quick, 402": {[]string{"verify", "--quick"}, refuse(402, ""), 4, "looked up", all},
		"verify quick, cut": {[]string{"verify", "--quick"}, cut, 9, "", ""},
		"stat, 401":         {[]string{"stat"}, refuse(401, ""), 3, "looked up", all},
		"stat, one at a time": {[]string{"stat"}, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusNotFound)
		}, 9, "looked up", lost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, test.answer)
			got := call{args: append(test.args, "-j", "2", "--files-from", "-"), stdin: strings.NewReader(list),
				dir: dir, env: server.env()}.run(t)
			untried := strings.Count(got.stderr, " was not "+test.meant+": "+test.reason+"\n")
			sum := fmt.Sprintf("artifact: %d of 200 artifacts failed, and %d were not tried\n", 200-untried, untried)
			if test.meant == "" {
				untried, sum = 0, "artifact: 200 of 200 artifacts failed\n"
			}
			if got.code != test.code || got.stdout != "" || test.meant != "" && untried < 150 || !strings.Contains(got.stderr, sum) {
				t.Errorf("exit %d, %d not tried:\n%s%s", got.code, untried, got.stdout, got.stderr)
			}
			if n := len(server.all()); n > 50 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"code":%q,"message":"No."}}`, code)
	}
}

// TestCopyByLinks makes a copy of a directory out of hard links while its files are
// uploaded, which moves the change time of each of them.
func TestCopyByLinks(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"plain": {"put", "-r", "d"}, "asked first": {"put", "--skip-existing", "-r", "d"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
				t.Fatal(err)
			}
			files(t, filepath.Join(dir, "d"), 100)
			copyAll := sync.OnceFunc(func() {
				cp := exec.Command("cp", "-al", "d", "copy")
				cp.Dir = dir
				if out, err := cp.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPut {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				copyAll()
				_, _ = io.Copy(io.Discard, r.Body)
			})
			got := call{args: args, env: server.env(), dir: dir}.run(t).steady()
			got.stdout = fmt.Sprint(strings.Count(got.stdout, "\n"))
			got.check(t, outcome{0, "100", "artifact: 100 uploaded, 0 skipped, 0 failed, 0 not sent; 500 B in TIME\n"})
		})
	}
}
