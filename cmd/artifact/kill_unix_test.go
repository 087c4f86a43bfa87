//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/s3test"
)

// version returns the nth artifact of an id: n determines its bytes, duration,
// revision and dirty hash.
func version(id, n int) string {
	return strings.Repeat(fmt.Sprintf("%d of %d\n", n, id), 1+(n*7919+id*131)%60_000)
}

// TestVerifyAfterKill repeatedly kills serve during uploads. Everything that put
// reported is there, and every artifact is one complete version, with its
// metadata and signature.
func TestVerifyAfterKill(t *testing.T) {
	t.Parallel()
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		killServe(t, 5, 200, func() (remote, func()) { return serveFrom(t, dir) })
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		server := s3test.Start(t)
		killServe(t, 3, 60, func() (remote, func()) {
			server.Restart(t) // it may still be storing what it has received
			at, _, kill := serveLogged(t, server.Environ(), "--store", server.URL("kill"))
			return at, kill
		})
	})
}

func killServe(t *testing.T, rounds, longRounds int, serve func() (at remote, kill func())) {
	t.Helper()
	const ids = 4
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		rounds = longRounds
	}
	puts := 0
	var reported [ids]int // the last version that was acknowledged
	for round := range rounds {
		at, kill := serve()
		var timer *time.Timer
		for n, alive := round*1000+1, true; alive; n++ {
			id := n % ids
			file := writeFile(t, filepath.Join(t.TempDir(), "file"), version(id, n))
			alive = at.put(t, id, n, file)
			if alive {
				reported[id] = n
				puts++
			}
			if timer == nil { // a slow machine gets one through in each round too
				timer = time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, kill)
			}
		}
		timer.Stop()
		kill()
		at, kill = serve()
		for id := range ids {
			at.checkVersion(t, id, reported[id])
		}
		kill()
		if t.Failed() {
			return
		}
	}
	t.Logf("%s: %d kills, %d acknowledged uploads", t.Name(), rounds, puts)
	if puts < rounds {
		t.Errorf("%d uploads in %d rounds: too few to tell anything", puts, rounds)
	}
}

func (at remote) env() []string {
	return []string{"TURBO_API=" + at.api, "TURBO_TOKEN=" + at.token, "TURBO_TEAM=t", signatureKey}
}

// put reports whether an upload succeeded.
func (at remote) put(t *testing.T, id, n int, file string) bool {
	t.Helper()
	got := call{env: at.env(), args: []string{
		"put", "-q", "--hash", fmt.Sprint("id-", id), "--duration", fmt.Sprint(n), "--sha", fmt.Sprint("sha-", n),
		"--dirty-hash", fmt.Sprint("dirty-", n), file,
	}}.run(t)
	return got.code == 0
}

// checkVersion downloads an artifact, checks its signature, and compares it with
// its version.
func (at remote) checkVersion(t *testing.T, id, reported int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "got")
	got := call{env: at.env(), args: []string{"get", "--json", "-o", file, fmt.Sprint("id-", id)}}.run(t)
	if got.code == 6 && reported == 0 {
		return
	}
	var known struct {
		Metadata struct {
			SHA, DirtyHash string
			DurationMs     int
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &known); err != nil || got.code != 0 {
		t.Errorf("id-%d: %+v, and version %d was reported", id, got, reported)
		return
	}
	n := known.Metadata.DurationMs
	content, err := os.ReadFile(file)
	if err != nil || string(content) != version(id, n) || known.Metadata.SHA != fmt.Sprint("sha-", n) ||
		known.Metadata.DirtyHash != fmt.Sprint("dirty-", n) || n < reported {
		t.Errorf("id-%d: %d bytes of version %+v, and version %d was reported", id, len(content), known.Metadata, reported)
	}
}
