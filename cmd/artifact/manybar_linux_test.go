package main

import (
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// watch starts a program on a terminal for all of its output, and calls see with
// what was shown so far, again and again. It gives all that was shown.
func watch(t *testing.T, c call, see func(shown string, keyboard io.Writer)) (shown string, code int) {
	t.Helper()
	cmd := c.command(t)
	outside, inside := terminal(t, 80)
	cmd.Stdout, cmd.Stderr = inside, inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2} // standard error
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inside.Close()
	var all strings.Builder
	for buffer := make([]byte, 4096); ; {
		n, err := outside.Read(buffer)
		all.Write(buffer[:n])
		see(all.String(), outside)
		if err != nil { // EIO, when the program has ended
			break
		}
	}
	_ = cmd.Wait()
	return all.String(), shellCode(cmd.ProcessState)
}

const threeSHA256 = "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"

// TestBarOfMany stands below results and failures, though all of them go to one
// terminal, and is gone in the end.
func TestBarOfMany(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		bar  string
		last []string // lines that come while the bar is there
	}{
		{[]string{"put"}, "uploading 3/4", []string{
			threeSHA256 + "  c", "artifact: reading missing: no such file or directory",
			"artifact: 3 uploaded, 0 skipped, 1 failed, 0 not sent; 11 B in TIME", "artifact: 1 of 4 artifacts failed"}},
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
			closed := false
			shown, _ := watch(t, call{args: slices.Concat(test.args, []string{"-j2", "a", "b", "c", "missing"}),
				dir: dir, env: append(server.env(), "NO_COLOR=1")}, func(shown string, _ io.Writer) {
				if !closed && strings.Contains(shown, test.bar) {
					closed = true
					close(seen)
				}
			})
			if !closed {
				close(seen)
				t.Fatalf("no bar was shown: %.1000q", shown)
			}
			shown = elapsed.ReplaceAllString(strings.ReplaceAll(shown, "\r\n", "\n"), " in TIME\n")
			for _, line := range test.last {
				// Each begins where the bar was taken away, or below the one before.
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

// TestInterruptOfMany takes the bar away, and says nothing more.
func TestInterruptOfMany(t *testing.T) {
	t.Parallel()
	server, reached := stuck(t)
	dir := t.TempDir()
	list := files(t, dir, 50)
	go func() {
		for range reached { // all of them are stuck
		}
	}()
	pressed := false
	shown, code := watch(t, call{args: []string{"put", "-j4", "--files-from", "-"}, stdin: strings.NewReader(list), dir: dir, env: server.env()},
		func(shown string, keyboard io.Writer) {
			if !pressed && strings.Contains(shown, "uploading 0") {
				pressed = true
				_, _ = keyboard.Write([]byte{3})
			}
		})
	if _, after, _ := strings.Cut(shown, "^C"); code != 130 || !strings.HasSuffix(after, "\r\x1b[J") || strings.Contains(after, "artifact:") {
		t.Errorf("exit %d, %q", code, shown)
	}
}
