//go:build unix

package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/internal/s3test"
)

// readToken is a token that may only read.
const readToken = "canary-reader-2b7e151628"

// newTurboChain returns a turbo with the tasks a, b, c and d, of which each needs the
// one before. d waits until a log has a refused upload, which is c's.
func newTurboChain(t *testing.T, version, log string) *turbo {
	t.Helper()
	w := newTurbo(t, version, "")
	for name, content := range map[string]string{
		"package.json": `{"name":"w","private":true,"packageManager":"npm@10.0.0","scripts":{"a":"echo a >a.txt","b":"echo b >b.txt",
			"c":"echo c >c.txt","d":"for i in $(seq 1000); do grep -q ' PUT .* 403 ' ` + log + ` && break; sleep 0.01; done; sleep 1; echo d >d.txt"}}`,
		"turbo.json": `{"tasks":{"a":{"outputs":["a.txt"]},"b":{"dependsOn":["a"],"outputs":["b.txt"]},
			"c":{"dependsOn":["b"],"outputs":["c.txt"]},"d":{"dependsOn":["c"],"outputs":["d.txt"]}}}`,
		".gitignore": ".turbo\n*.txt\n",
	} {
		writeFile(t, filepath.Join(w.workspace, name), content)
	}
	return w
}

var (
	taskResult = regexp.MustCompile(`(?m)^([a-d]): cache (miss|hit)`)
	loggedPut  = regexp.MustCompile(`(?m) PUT \S+ (\d+) `)
)

// submatches returns what the groups of a pattern match, each match as one string.
func submatches(pattern *regexp.Regexp, text string) (found []string) {
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, strings.Join(match[1:], " "))
	}
	return found
}

// TestTurboMayRead runs turbo where it may only read. It restores what is there, builds
// the rest, and succeeds. Version 2.11 stops uploading after the first refusal.
func TestTurboMayRead(t *testing.T) {
	t.Parallel()
	for version, refusals := range map[string][]string{"turbo": {"403"}, "turbo-v1": {"403", "403"}} {
		for name, reader := range map[string]struct{ token, flag string }{
			"read token": {readToken, "--max-size=1G"}, "read-only": {token, "--read-only"},
		} {
			t.Run(version+", "+name, func(t *testing.T) {
				t.Parallel()
				dir, env := t.TempDir(), []string{"TURBO_TEAM=abc"}
				writer, _ := serveFrom(t, dir)
				cache, log, _ := serveLogged(t, []string{"ARTIFACT_SERVE_TOKEN=" + token, "ARTIFACT_SERVE_READ_TOKEN=" + readToken}, "--dir", dir, reader.flag)
				cache.token = reader.token
				w := newTurboChain(t, version, log)
				w.exec(t, writer, env, "run", "b", w.remoteOnly)
				for _, caches := range []string{"TURBO_CACHE=remote:rw", "TURBO_CACHE=remote:r"} {
					got := submatches(taskResult, w.exec(t, cache, append(env, caches), "run", "d"))
					if want := []string{"a hit", "b hit", "c miss", "d miss"}; !slices.Equal(got, want) {
						t.Errorf("%s: %q, want %q", caches, got, want)
					}
					if got := submatches(loggedPut, readFile(t, log)); !slices.Equal(got, refusals) {
						t.Errorf("%s: uploads were answered %q, want %q", caches, got, refusals)
					}
				}
			})
		}
	}
}

// TestTurboWriteOnce has turbo upload other bytes under the same hash. It goes on after
// the refusal, and the first bytes stay.
func TestTurboWriteOnce(t *testing.T) {
	t.Parallel()
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			env := []string{"TURBO_TEAMID=team_abc", signatureKey}
			cache, log, _ := serveLogged(t, nil, "--dir", t.TempDir(), "--write-once")
			w := newTurbo(t, version, scheme)
			built := func(flags string) (string, bool) {
				hash, hit := w.run(t, cache, env, flags)
				return hash + readFile(t, filepath.Join(w.workspace, "dist/big")), hit
			}
			first, _ := built(w.remoteOnly)
			second, hit := built("--force")
			third, again := built(w.remoteOnly)
			if first == second || hit || first != third || !again {
				t.Errorf("the second run's files are the first's: %v, a hit: %v; the third's: %v, %v", first == second, hit, first == third, again)
			}
			if got, want := submatches(loggedPut, readFile(t, log)), []string{"202", "409"}; !slices.Equal(got, want) {
				t.Errorf("uploads were answered %q, want %q", got, want)
			}
		})
	}
}

// newBucket runs an S3 server with one bucket until the test ends. It returns a value
// for serve --store and the variables with the keys.
func newBucket(t *testing.T) (address string, keys []string) {
	t.Helper()
	server := s3test.Start(t)
	return "s3://" + server.Bucket + "/turbo?region=us-east-1&endpoint=" + server.Endpoint,
		[]string{"AWS_ACCESS_KEY_ID=" + server.AccessKey, "AWS_SECRET_ACCESS_KEY=" + server.SecretKey}
}

// TestTurboBucket signs artifacts that serve keeps in a bucket, and restores them from
// another server over the same bucket.
func TestTurboBucket(t *testing.T) {
	t.Parallel()
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			env := []string{"TURBO_TEAMID=team_abc", "TURBO_TEAM=abc", signatureKey}
			address, keys := newBucket(t)
			first := serveWith(t, keys, "--store", address)
			second := serveWith(t, keys, "--store", address)
			hash, hit := newTurbo(t, version, scheme).build(t, first, env)
			if hit {
				t.Fatal("an empty bucket has it")
			}
			second.fetch(t, env, hash, scheme)
			if got, hit := newTurbo(t, version, scheme).build(t, second, env); !hit || got != hash {
				t.Errorf("from the other server: hit %v for %s, want one for %s", hit, got, hash)
			}
		})
	}
}
