//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// peer returns a program of another project, pinned in
// testdata/interop/package.json, or skips the test.
func peer(t testing.TB, path string) string {
	t.Helper()
	program := must(filepath.Abs(filepath.Join("../../testdata/interop/node_modules", path)))(t)
	if _, err := os.Stat(program); err != nil {
		t.Skipf("run npm install --no-save in testdata/interop: %v", err)
	}
	return program
}

// remote is the URL, team and token of a running cache.
type remote struct{ api, token string }

// serveCache runs artifact serve until the test ends.
func serveCache(t *testing.T, flags ...string) remote {
	t.Helper()
	cache, _ := serveFrom(t, t.TempDir(), flags...)
	return cache
}

// serveFrom runs artifact serve on a directory until the test ends; kill ends it
// before by a signal that cannot be caught.
func serveFrom(t testing.TB, dir string, flags ...string) (cache remote, kill func()) {
	t.Helper()
	cache, _, kill = serveLogged(t, nil, append([]string{"--dir", dir}, flags...)...)
	return cache, kill
}

// serveWith is serveLogged without its log.
func serveWith(t *testing.T, env []string, flags ...string) remote {
	t.Helper()
	cache, _, _ := serveLogged(t, env, flags...)
	return cache
}

// serveLogged runs artifact serve until the test ends, and returns the file with
// its log too. A chosen token, which it does not print, is the value of
// ARTIFACT_SERVE_TOKEN in env.
func serveLogged(t testing.TB, env []string, flags ...string) (cache remote, log string, kill func()) {
	t.Helper()
	// It lives as long as the test, which may take long to build a program.
	cmd := exec.Command("artifact", append([]string{"serve"}, flags...)...)
	cmd.Env = call{env: env}.command(t).Env
	log = filepath.Join(t.TempDir(), "log")
	file := must(os.Create(log))(t)
	defer func() { _ = file.Close() }() // the server has it, too
	cmd.Stderr = file
	stdout := must(cmd.StdoutPipe())(t)
	mustDo(t, cmd.Start())
	variables := map[string]string{}
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "ARTIFACT_SERVE_TOKEN="); ok {
			variables["TURBO_TOKEN"] = value
		}
	}
	for lines := bufio.NewScanner(stdout); len(variables) < 3 && lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		variables[name] = value
	}
	if variables["TURBO_API"] == "" {
		t.Errorf("artifact serve: %s", must(os.ReadFile(log))(t))
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait() // it died of a signal
	}()
	end := func(signal os.Signal) {
		_ = cmd.Process.Signal(signal)
		<-ended
	}
	t.Cleanup(func() { end(os.Interrupt) })
	return remote{variables["TURBO_API"], variables["TURBO_TOKEN"]}, log, func() { end(os.Kill) }
}

// turborepoRemoteCache runs the server of that name until the test ends.
func turborepoRemoteCache(t testing.TB, env ...string) remote {
	t.Helper()
	cmd := exec.Command(peer(t, ".bin/turborepo-remote-cache"))
	port := freeport.Find(t)
	cmd.Env = append([]string{
		"NODE_ENV=production", "AUTH_MODE=static", "TURBO_TOKEN=" + token,
		"STORAGE_PATH=" + t.TempDir(), "STORAGE_PATH_USE_TMP_FOLDER=false", "HOST=127.0.0.1",
		fmt.Sprint("PORT=", port), "BODY_LIMIT=2000000000",
	}, env...)
	cache := remote{fmt.Sprint("http://127.0.0.1:", port), token}
	startPeer(t, cmd, cache)
	return cache
}

// proxied is a name of this machine that Go sends through a proxy, unlike
// loopback addresses.
const proxied = "cache.artifact.test"

// resolved returns a name of this machine, or skips the test if it has no such name.
func resolved(t *testing.T, name string) string {
	t.Helper()
	if _, err := net.LookupHost(name); err != nil {
		t.Skip("add it to /etc/hosts:", err)
	}
	return name
}

// awaitListener waits until a program, which keeps a log, listens.
func awaitListener(t *testing.T, address, log string) {
	t.Helper()
	if !listens(address, patience) {
		t.Fatalf("nothing listens at %s: %s", address, readFile(t, log))
	}
}

// listens reports whether something listens at an address within a time.
func listens(address string, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return true
		}
	}
	return false
}

// installed finds a program on PATH or in sbin.
func installed(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name, "/usr/lib/wine/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Skip("no " + name)
	return ""
}

// startPeer starts a server, which runs until the test ends, and waits until it
// answers. It returns the file with the server's output.
func startPeer(t testing.TB, cmd *exec.Cmd, cache remote) (log string) {
	t.Helper()
	cmd.Dir, log = t.TempDir(), filepath.Join(t.TempDir(), "log")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, cmd.Env...)
	file := must(os.Create(log))(t)
	defer func() { _ = file.Close() }() // the server has it, too
	cmd.Stdout, cmd.Stderr = file, file
	mustDo(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for patient := time.After(patience); ; {
		if answer, err := cache.get("/v8/artifacts/status"); err == nil {
			_ = answer.Body.Close()
			return log
		}
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", cmd.Path, readFile(t, log))
		case <-patient:
			t.Fatalf("%s does not answer:\n%s", cmd.Path, readFile(t, log))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// get downloads without our program.
func (at remote) get(path string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, at.api+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+at.token)
	return (&http.Client{Timeout: patience}).Do(request)
}

// artifact runs the program against a cache, and checks its exit code.
func (at remote) artifact(t *testing.T, code int, env []string, args ...string) outcome {
	t.Helper()
	got := call{args: args, env: append([]string{"TURBO_API=" + at.api, "TURBO_TOKEN=" + at.token}, env...)}.run(t)
	if got.code != code {
		t.Fatalf("artifact %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.stdout, got.stderr)
	}
	return got
}
