//go:build unix

package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTurboPresigned takes an artifact from real turbo over a cache of presigned
// URLs to turbo and to us, and one of ours to turbo.
func TestTurboPresigned(t *testing.T) {
	t.Parallel()
	first, firstCache := presign(t)
	second, secondCache := presign(t)
	turbo := newTurbo(t, "turbo", "")
	writeFile(t, filepath.Join(turbo.workspace, "turbo.json"), `{"remoteCache":{"preflight":true},"tasks":{"build":{"outputs":["dist/**"]}}}`)
	env := []string{"TURBO_TEAM=abc"}
	hash, hit := turbo.build(t, firstCache, env)
	if hit {
		t.Fatal("an empty cache has it")
	}
	if got, hit := turbo.build(t, firstCache, env); !hit || got != hash {
		t.Errorf("%s: hit %v for %s", hash, hit, got)
	}
	ours := append(slices.Clone(env), "TURBO_PREFLIGHT=true")
	file := filepath.Join(t.TempDir(), "artifact")
	firstCache.artifact(t, 0, ours, "get", hash, "-o", file)
	secondCache.artifact(t, 0, ours, "put", "--no-git", "--hash", hash, "--duration", "263", "--verify", file)
	if got, hit := turbo.build(t, secondCache, env); !hit || got != hash {
		t.Errorf("%s that was put: hit %v for %s", hash, hit, got)
	}
	for _, cache := range []*presigning{first, second} {
		log := strings.Join(cache.take(), "\n")
		if !strings.Contains(log, "storage: ") || regexp.MustCompile("without|Authorization").MatchString(log) {
			t.Errorf("requests:\n%s", log)
		}
	}
}

func presign(t *testing.T) (*presigning, remote) {
	t.Helper()
	p := must(startPresigning(false))(t)
	t.Cleanup(p.close)
	return p, remote{api: p.cache.URL, token: "the-token"}
}
