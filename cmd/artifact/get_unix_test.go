//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGetSignals stops a download in its middle: nothing of it is left, and what
// was there stays.
func TestGetSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "old"), hello)
			for _, target := range []string{"old", "new"} {
				server, reached := halfOf(t)
				running := start(t, call{args: []string{"get", "k", "-o", target}, dir: dir, env: server.env()}.command(t))
				<-reached
				send(t, running, sig)
				running.end(t, outcome{code: 128 + int(sig)})
			}
			if left := entries(t, dir); len(left) != 1 {
				t.Errorf("%v is left", left)
			}
			if content, err := os.ReadFile(filepath.Join(dir, "old")); err != nil || string(content) != hello {
				t.Errorf("old holds %q, %v", content, err)
			}
		})
	}
}

// halfOf is a cache that sends half of an artifact and then waits. The channel is
// closed when that half is on its way.
func halfOf(t *testing.T) (*recorder, <-chan struct{}) {
	t.Helper()
	reached, over := make(chan struct{}), make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = io.WriteString(w, strings.Repeat("x", 500_000))
		w.(http.Flusher).Flush()
		close(reached)
		<-over
	})
	t.Cleanup(func() { close(over) })
	return server, reached
}

// TestGetTwoSignals leaves nothing behind either where two signals come at once,
// as from a terminal that is closed: the kernel and the shell both send SIGHUP.
func TestGetTwoSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for range 5 {
				server, reached := halfOf(t)
				running := start(t, call{args: []string{"get", "k", "-o", "new"}, dir: dir, env: server.env()}.command(t))
				<-reached
				until(t, func() bool { return len(entries(t, dir)) == 1 })
				send(t, running, sig)
				_ = running.Process.Signal(sig) // it may be gone by now
				running.end(t, outcome{code: 128 + int(sig)})
				empty(t, dir)
			}
		})
	}
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestGetTargets writes to whatever a shell can name.
func TestGetTargets(t *testing.T) {
	t.Parallel()
	content := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, hello)
		}
	}
	for script, want := range map[string]outcome{
		`umask 022; artifact get k -o new; stat -c %a new; cat new`:                                        {stdout: "644\n" + hello},
		`umask 027; artifact get k -o new; stat -c %a new; ls -A | wc -l`:                                  {stdout: "640\n2\n"},
		`umask 022; for m in 600 755 444; do chmod $m file; artifact get k -o file; stat -c %a file; done`: {stdout: "600\n755\n444\n"},
		`umask 077; chmod 664 file; ln -s file link; artifact get k -o link; stat -c %a file`:              {stdout: "664\n"},
		`ln -s file link; artifact get k -o link; readlink link; cat file`:                                 {stdout: "file\n" + hello},
		`mkfifo f; cat f >got & artifact get k -o f; wait; cat got; test -p f && echo p`:                   {stdout: hello + "p\n"},
		`artifact get k -o /dev/null; test -c /dev/null && echo c`:                                         {stdout: "c\n"},
		`artifact get k -o /dev/stdout | cat`:                                                              {stdout: hello},
		`artifact get k -o /dev/stdout >new; cat new`:                                                      {stdout: hello},
		`artifact get k -o x >&-; cat x`:                                                                   {stdout: hello},
		`artifact get k > new; cat new`:                                                                    {stdout: hello},
		`artifact get k | cmp - file && echo same`:                                                         {stdout: "same\n"},
		`artifact get k -o .`:       {code: 2, stderr: "artifact: writing .: is a directory\n"},
		`artifact get k -o no/file`: {code: 2, stderr: "artifact: writing no/file: no such file or directory\n"},
		`artifact get k -o file/x`:  {code: 2, stderr: "artifact: writing file/x: not a directory\n"},
		`artifact verify --hash 'a"b\' file; printf '\\%s\n' 'a"b\\  file' | artifact verify -c -`: {stdout: "file: OK\nfile: OK\n"},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("stat"); err != nil {
				t.Skip(err)
			}
			shell(t, script, serve(t, content).env()).run(t).check(t, want)
		})
	}
}

// TestGetFullDisk is for writes that fail: /dev/full takes nothing.
func TestGetFullDisk(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, hello) })
	shell(t, `artifact get k -o /dev/full`, server.env()).run(t).check(t, outcome{
		code: 1, stderr: "artifact: writing /dev/full: no space left on device\n"})
	shell(t, `artifact get k >/dev/full`, server.env()).run(t).check(t, outcome{
		code: 1, stderr: "artifact: writing standard output: no space left on device\n"})
	shell(t, `artifact verify --hash k file >/dev/full`, server.env()).run(t).check(t, outcome{
		code: 1, stderr: "artifact: writing the results: write /dev/stdout: no space left on device\n"})
}
