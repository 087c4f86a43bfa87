//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

// place is a running cache, as the environment names it.
type remote struct{ api, token string }

// serveCache runs artifact serve until the test ends.
func serveCache(t *testing.T) remote {
	t.Helper()
	cmd := call{args: []string{"serve", "--dir", t.TempDir()}}.command(t)
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

const signatureKey = "TURBO_REMOTE_CACHE_SIGNATURE_KEY=0123456789abcdef0123456789abcdef"

// TestTurboSignatures takes artifacts from real turbo to real turbo.
func TestTurboSignatures(t *testing.T) {
	t.Parallel()
	otherScheme := map[string]string{"v1": "v2", "v2": "v1"}
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		for name, team := range map[string][]string{
			"id and slug": {"TURBO_TEAMID=team_abc", "TURBO_TEAM=abc"},
			"slug":        {"TURBO_TEAM=abc"},
			"other id":    {"TURBO_TEAMID=abc"},
		} {
			t.Run(version+", "+name, func(t *testing.T) {
				t.Parallel()
				turbo := newTurbo(t, version, scheme)
				env := append(slices.Clone(team), signatureKey)
				first := serveCache(t)
				hash, hit := turbo.build(t, first, env)
				if hit {
					t.Fatal("an empty cache has it")
				}
				file := first.fetch(t, env, hash, scheme)
				signed := []string{"put", "--hash", hash, "--duration", "263", "--verify", "--signature-version"}

				second := serveCache(t)
				second.artifact(t, 0, env, append(signed, scheme, file)...)
				if got, hit := turbo.build(t, second, env); !hit || got != hash {
					t.Errorf("%s that was put: hit %v for %s", hash, hit, got)
				}
				for what, put := range map[string][]string{
					"another key":    append(signed, scheme, file, "TURBO_REMOTE_CACHE_SIGNATURE_KEY=fedcba9876543210fedcba9876543210"),
					"another scheme": append(signed, otherScheme[scheme], file, signatureKey),
					"another byte":   {"put", "--hash", hash, "--tag", first.tag(t, env, hash), oneByteChanged(t, file), signatureKey},
					"no signature":   {"put", "--hash", hash, "--no-sign", file, signatureKey},
				} {
					cache := serveCache(t)
					last := len(put) - 1
					cache.artifact(t, 0, append(slices.Clone(team), put[last]), put[:last]...)
					if _, hit := turbo.build(t, cache, env); hit {
						t.Errorf("with %s it is a hit", what)
					}
				}
			})
		}
	}
}

// fetch verifies and gets what turbo stored, and gives the file.
func (at remote) fetch(t *testing.T, env []string, hash, scheme string) string {
	t.Helper()
	var verified struct{ Hash, Status, Signature string }
	text := at.artifact(t, 0, env, "verify", "--json", "--hash", hash).stdout
	if err := json.Unmarshal([]byte(text), &verified); err != nil || verified.Hash != hash ||
		verified.Status != "ok" || verified.Signature != scheme {
		t.Errorf("verify: %s", text)
	}
	file := filepath.Join(t.TempDir(), "artifact")
	at.artifact(t, 0, env, "get", hash, "-o", file)
	content, err := os.ReadFile(file)
	if err != nil || len(content) < 8<<20 || !bytes.HasPrefix(content, []byte("\x28\xb5\x2f\xfd")) {
		t.Errorf("%d bytes, %v; want more than 8 MiB of Zstandard", len(content), err)
	}
	piped := at.artifact(t, 0, env, "get", hash).stdout
	if piped != string(content) {
		t.Error("a pipe gets other bytes than a file")
	}
	at.artifact(t, 0, env, "verify", "--hash", hash, file)
	at.artifact(t, 7, env, "verify", "--hash", hash, oneByteChanged(t, file))
	return file
}

func (at remote) tag(t *testing.T, env []string, hash string) string {
	t.Helper()
	var known struct{ Tag string }
	if err := json.Unmarshal([]byte(at.artifact(t, 0, env, "stat", "--json", hash).stdout), &known); err != nil || known.Tag == "" {
		t.Fatalf("%+v, %v", known, err)
	}
	return known.Tag
}

func oneByteChanged(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	return writeFile(t, filepath.Join(t.TempDir(), "changed"), string(content))
}

// TestTurboEmptySignature recognises what turbo 2.10.13 to 2.11.4 sends where it
// writes a large artifact to its local cache too.
func TestTurboEmptySignature(t *testing.T) {
	t.Parallel()
	turbo := newTurbo(t, "turbo-2.11.4", "v2")
	env := []string{"TURBO_TEAMID=team_abc", signatureKey}
	cache := serveCache(t)
	hash, _ := turbo.run(t, cache, env, "--cache=local:rw,remote:rw")
	got := cache.artifact(t, 7, env, "verify", "--hash", hash)
	got.check(t, outcome{code: 7, stdout: hash + ": BAD SIGNATURE\n", stderr: "artifact: verifying " + hash +
		": its signature covers the length and none of the bytes, as turbo 2.10.13 to 2.11.4 made it for artifacts over 8 MiB\n" +
		"Every turbo takes it for a miss. Build and upload it again with a later turbo.\n"})
	if _, hit := turbo.build(t, cache, env); hit {
		t.Error("it is a hit for the turbo that made it")
	}
}

// TestTurborepoRemoteCacheSignatures does the same through that server, which
// tells no size before the bytes.
func TestTurborepoRemoteCacheSignatures(t *testing.T) {
	t.Parallel()
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			turbo := newTurbo(t, version, scheme)
			env := []string{"TURBO_TEAMID=team_abc", "TURBO_TEAM=abc", signatureKey}
			first, second := turborepoRemoteCache(t, signatureKey), turborepoRemoteCache(t, signatureKey)
			hash, _ := turbo.build(t, first, env)
			file := first.fetch(t, env, hash, scheme)
			second.artifact(t, 0, env, "put", "--hash", hash, "--verify", "--signature-version", scheme, file)
			if got, hit := turbo.build(t, second, env); !hit || got != hash {
				t.Errorf("%s that was put: hit %v for %s", hash, hit, got)
			}
		})
	}
}

// TestTurborepoRemoteCacheDropsUnsigned shows what put --verify is for: that
// server reports an upload without a signature as stored, and has it not.
func TestTurborepoRemoteCacheDropsUnsigned(t *testing.T) {
	t.Parallel()
	cache := turborepoRemoteCache(t, signatureKey)
	team := []string{"TURBO_TEAM=abc"}
	file := writeFile(t, filepath.Join(t.TempDir(), "file"), hello)
	cache.artifact(t, 0, team, "put", "--hash", "k", file)
	got := cache.artifact(t, 7, team, "put", "--hash", "k", "--verify", file)
	want := "artifact: verifying " + file + ": the server reported it as stored, and does not have it\n" +
		"turborepo-remote-cache with a signature key takes an upload without a signature and then does not give it out:\n"
	if got.stdout != "" || !strings.HasPrefix(got.stderr, want) {
		t.Errorf("%+v, want %s", got, want)
	}
	signed := append(team, signatureKey)
	cache.artifact(t, 0, signed, "put", "--hash", "k", "--verify", file)

	// Without a key of its own it loses the signature, which turbo would miss.
	cache = turborepoRemoteCache(t)
	cache.artifact(t, 7, signed, "put", "--hash", "k", "--verify", file)
	cache.artifact(t, 7, signed, "verify", "--hash", "k", file)
	cache.artifact(t, 0, team, "verify", "--hash", "k", file)
	cache.artifact(t, 0, team, "verify", "--hash", "k", "--quick", file)
	cache.artifact(t, 6, team, "stat", "missing")
	// It has no batch query either.
	cache.artifact(t, 0, team, "put", file)
	other := writeFile(t, filepath.Join(t.TempDir(), "other"), "x")
	if list := cache.artifact(t, 6, team, "verify", "--quick", other, file); list.stdout != other+": MISSING\n"+file+": OK\n" {
		t.Errorf("%+v", list)
	}
}

// TestTurboWithoutSignatures builds, uploads on a miss and hits after its local
// cache is gone, with and without asking before each request.
func TestTurboWithoutSignatures(t *testing.T) {
	t.Parallel()
	for _, preflight := range []bool{false, true} {
		t.Run(fmt.Sprint("preflight ", preflight), func(t *testing.T) {
			t.Parallel()
			turbo := newTurbo(t, "turbo", "")
			writeFile(t, filepath.Join(turbo.workspace, "turbo.json"), fmt.Sprintf(
				`{"remoteCache":{"preflight":%v},"tasks":{"build":{"outputs":["dist/**"]}}}`, preflight))
			cache, team := serveCache(t), []string{"TURBO_TEAM=abc"}
			hash, hit := turbo.run(t, cache, team, "--cache=local:rw,remote:rw")
			if hit {
				t.Fatal("an empty cache has it")
			}
			if err := os.RemoveAll(filepath.Join(turbo.workspace, ".turbo")); err != nil {
				t.Fatal(err)
			}
			if got, hit := turbo.run(t, cache, team, "--cache=local:rw,remote:rw"); !hit || got != hash {
				t.Errorf("%s: hit %v for %s", hash, hit, got)
			}
		})
	}
}

// TestTurborepoRemoteCacheKeepsBytes takes what was put by plain HTTP.
func TestTurborepoRemoteCacheKeepsBytes(t *testing.T) {
	t.Parallel()
	cache := turborepoRemoteCache(t)
	for _, content := range []string{"x", hello, strings.Repeat("0123456789abcdef", 3<<16)} {
		file := writeFile(t, filepath.Join(t.TempDir(), "file"), content)
		id := strings.TrimSpace(cache.artifact(t, 0, []string{"TURBO_TEAM=abc"}, "put", "-q", file).stdout)
		request, err := http.NewRequest(http.MethodGet, cache.api+"/v8/artifacts/"+id+"?slug=abc", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+cache.token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || string(got) != content {
			t.Errorf("%d bytes: status %d and %d bytes, %v", len(content), answer.StatusCode, len(got), err)
		}
	}
}
