//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// peer is a program of another project, as testdata/interop/package.json pins
// it. Without them the test is skipped.
func peer(t *testing.T, path string) string {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("../../testdata/interop/node_modules", path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skipf("run npm install --no-save in testdata/interop: %v", err)
	}
	return program
}

// remote is a running cache, as the environment names it.
type remote struct{ api, token string }

// serveCache runs artifact serve until the test ends.
func serveCache(t *testing.T) remote {
	t.Helper()
	// It lives as long as the test, which may build a program with nothing in
	// Go's cache meanwhile.
	cmd := exec.Command("artifact", "serve", "--dir", t.TempDir())
	cmd.Env = call{}.command(t).Env
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait() // it died of the signal
	})
	variables := map[string]string{}
	for lines := bufio.NewScanner(stdout); len(variables) < 3 && lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		variables[name] = value
	}
	return remote{variables["TURBO_API"], variables["TURBO_TOKEN"]}
}

// turborepoRemoteCache runs the server of that name until the test ends.
func turborepoRemoteCache(t *testing.T, env ...string) remote {
	t.Helper()
	program := peer(t, ".bin/turborepo-remote-cache")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil { // it has to listen by itself
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &log, &log
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "NODE_ENV=production", "AUTH_MODE=static", "TURBO_TOKEN=" + token,
		"STORAGE_PATH=" + t.TempDir(), "STORAGE_PATH_USE_TMP_FOLDER=false", "HOST=127.0.0.1",
		fmt.Sprint("PORT=", port), "BODY_LIMIT=2000000000",
	}, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	api := fmt.Sprint("http://127.0.0.1:", port)
	for {
		answer, err := http.Get(api + "/v8/artifacts/status")
		if err == nil {
			_ = answer.Body.Close()
			return remote{api, token}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("turborepo-remote-cache ended: %v\n%s", err, log.Bytes())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// turbo is one of its versions, with a workspace of one task whose output has
// more than 8 MiB.
type turbo struct {
	program   string
	scheme    string // what it signs by
	workspace string
}

func newTurbo(t *testing.T, version, scheme string) *turbo {
	t.Helper()
	w := &turbo{program: peer(t, version+"/bin/turbo"), scheme: scheme, workspace: t.TempDir()}
	for name, content := range map[string]string{
		"package.json":      `{"name":"w","private":true,"packageManager":"npm@10.0.0","scripts":{"build":"mkdir -p dist && head -c 9000000 /dev/urandom >dist/big"}}`,
		"package-lock.json": `{"name":"w","lockfileVersion":3,"requires":true,"packages":{"":{"name":"w"}}}`,
		"turbo.json":        `{"remoteCache":{"signature":true},"tasks":{"build":{"outputs":["dist/**"]}}}`,
		".gitignore":        ".turbo\nnode_modules\ndist\n",
	} {
		writeFile(t, filepath.Join(w.workspace, name), content)
	}
	return w
}

var executed = regexp.MustCompile(`cache (miss, executing|hit, replaying logs) ([0-9a-f]{16})`)

// build runs the task against a cache, without turbo's local one, and gives the
// task's hash and whether the cache had it.
func (w *turbo) build(t *testing.T, at remote, env []string) (hash string, hit bool) {
	t.Helper()
	return w.run(t, at, env, "--cache=remote:rw")
}

func (w *turbo) run(t *testing.T, at remote, env []string, caches string) (hash string, hit bool) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(w.workspace, "dist")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(w.program, "run", "build", caches)
	home := t.TempDir()
	cmd.Dir = w.workspace
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "GIT_CONFIG_NOSYSTEM=1",
		"TURBO_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1", "TURBO_API=" + at.api, "TURBO_TOKEN=" + at.token,
	}, env...)
	out, err := cmd.CombinedOutput()
	found := executed.FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("turbo: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(w.workspace, "dist/big")); err != nil {
		t.Fatalf("after turbo: %v\n%s", err, out)
	}
	return string(found[2]), bytes.HasPrefix(found[1], []byte("hit"))
}

// artifact runs the program against a cache, and fails where its code is
// another one.
func (at remote) artifact(t *testing.T, code int, env []string, args ...string) outcome {
	t.Helper()
	got := call{args: args, env: append([]string{"TURBO_API=" + at.api, "TURBO_TOKEN=" + at.token}, env...)}.run(t)
	if got.code != code {
		t.Fatalf("artifact %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.stdout, got.stderr)
	}
	return got
}
