//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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

// TestTurboFreshCheckout has each turbo upload in an unknown CI, and hit in
// another directory. The oldest ones send chunks or empty headers.
func TestTurboFreshCheckout(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ version, scheme string }{
		{"turbo", "v2"}, {"turbo-v1", "v1"}, {"turbo-2.0.14", "v1"}, {"turbo-1.10.16", "v1"},
	} {
		t.Run(test.version, func(t *testing.T) {
			t.Parallel()
			env := []string{"TURBO_TEAMID=team_abc", "TURBO_TEAM=abc", "CI=1", signatureKey}
			cache := serveCache(t)
			hash, hit := newTurbo(t, test.version, test.scheme).build(t, cache, env)
			if hit {
				t.Fatal("an empty cache has it")
			}
			cache.fetch(t, env, hash, test.scheme)
			if got, hit := newTurbo(t, test.version, test.scheme).build(t, cache, env); !hit || got != hash {
				t.Errorf("a fresh checkout: hit %v for %s, want one for %s", hit, got, hash)
			}
		})
	}
}

// TestVercelSDK uses serve through Vercel's own library.
func TestVercelSDK(t *testing.T) {
	t.Parallel()
	peer(t, "@vercel/sdk")
	cache := serveWith(t, []string{"ARTIFACT_SERVE_READ_TOKEN=" + readToken}, "--dir", t.TempDir(), "--write-once")
	cmd := exec.Command("node", "sdk.mjs")
	cmd.Dir = "../../testdata/interop"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TURBO_API=" + cache.api, "TURBO_TOKEN=" + cache.token, "READ_TOKEN=" + readToken}
	got, err := cmd.CombinedOutput()
	want := `{"status":{"status":"enabled"}}
{"uploadArtifact":{"urls":["` + cache.api + `/v8/artifacts/de0e2b9afd5fe834?slug=abc&teamId=team_abc"]}}
{"artifactExists":null}
{"downloadArtifact":"{\"no\": \"JSON\""}
{"artifactQuery":{"de0e2b9afd5fe834":{"sha":"abc","size":13,"taskDurationMs":12},"abcd":null}}
{"recordEvents":null}
404
409 conflict
403 forbidden
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

// fetch verifies and downloads what turbo stored, and returns the file.
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
	content := must(os.ReadFile(file))(t)
	content[len(content)/2] ^= 1
	return writeFile(t, filepath.Join(t.TempDir(), "changed"), string(content))
}

// TestTurboEmptySignature recognizes the signatures of turbo 2.10.13 to 2.11.4
// for large artifacts that it also writes to its local cache.
func TestTurboEmptySignature(t *testing.T) {
	t.Parallel()
	turbo := newTurbo(t, "turbo-2.11.4", "v2")
	env := []string{"TURBO_TEAMID=team_abc", signatureKey}
	cache := serveCache(t)
	hash, _ := turbo.run(t, cache, env, "--cache=local:rw,remote:rw")
	got := cache.artifact(t, 7, env, "verify", "--hash", hash)
	got.check(t, outcome{code: 7, stdout: hash + ": BAD SIGNATURE\n", stderr: "artifact: verifying " + hash +
		": its signature covers the length but not the bytes, as turbo 2.10.13 to 2.11.4 made it for artifacts over 8 MiB\n" +
		"artifact: hint: Every turbo treats it as a miss. Build and upload it again with a later turbo.\n"})
	if _, hit := turbo.build(t, cache, env); hit {
		t.Error("it is a hit for the turbo that made it")
	}
}

// TestTurborepoRemoteCacheSignatures does the same with that server, which sends
// no Content-Length.
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

// TestTurborepoRemoteCacheDropsUnsigned shows why put --verify exists: that
// server accepts an unsigned upload, but does not have it.
func TestTurborepoRemoteCacheDropsUnsigned(t *testing.T) {
	t.Parallel()
	cache := turborepoRemoteCache(t, signatureKey)
	team := []string{"TURBO_TEAM=abc"}
	file := writeFile(t, filepath.Join(t.TempDir(), "file"), hello)
	cache.artifact(t, 0, team, "put", "--hash", "k", file)
	got := cache.artifact(t, 7, team, "put", "--hash", "k", "--verify", file)
	want := "artifact: verifying " + file + ": the server reported it as stored, but does not have it\n" +
		"artifact: hint: turborepo-remote-cache with a signature key accepts an unsigned upload but never returns it.\n"
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

// TestTurboWithoutSignatures uploads on a miss, and hits without its local cache,
// with and without preflights.
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
			mustDo(t, os.RemoveAll(filepath.Join(turbo.workspace, ".turbo")))
			if got, hit := turbo.run(t, cache, team, "--cache=local:rw,remote:rw"); !hit || got != hash {
				t.Errorf("%s: hit %v for %s", hash, hit, got)
			}
		})
	}
}

// TestTurborepoRemoteCacheRoundTrip uploads different bytes, signed and unsigned,
// and compares downloads.
func TestTurborepoRemoteCacheRoundTrip(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	for _, key := range [][]string{nil, {signatureKey}} {
		cache, env := turborepoRemoteCache(t, key...), append([]string{"TURBO_TEAM=abc"}, key...)
		for _, size := range []int{0, 1, 2, 6, 4095, 65_536, 65_537, 1 << 20, 5_000_011} {
			content := make([]byte, size)
			for i := range content {
				content[i] = byte(source.Uint32())
			}
			dir := t.TempDir()
			in, out := writeFile(t, filepath.Join(dir, "in"), string(content)), filepath.Join(dir, "out")
			id := strings.TrimSpace(cache.artifact(t, 0, env, "put", "-q", "--verify", in).stdout)
			cache.artifact(t, 0, env, "get", id, "-o", out)
			answer := must(cache.get("/v8/artifacts/" + id + "?slug=abc"))(t)
			plain, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(plain, content) || readFile(t, out) != string(content) {
				t.Errorf("%d bytes: status %d and %d bytes, %v", size, answer.StatusCode, len(plain), err)
			}
		}
	}
}
