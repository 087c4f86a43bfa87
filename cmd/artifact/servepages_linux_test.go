package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOwnCertificate makes the certificate of docs/serve.md, with which turbo and
// artifact reach the cache by its name.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	dir, name := t.TempDir(), resolved(t, proxied)
	cmd := exec.Command("sh", "-euc", strings.ReplaceAll(example(t, "serve.md", "sh", 2), "cache.example.com", name))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	certificate := filepath.Join(dir, "tls.crt")
	cache := serveCache(t, "--host="+name, "--tls-cert="+certificate, "--tls-key="+filepath.Join(dir, "tls.key"))
	cache.api = strings.Replace(cache.api, "127.0.0.1", name, 1)
	env := []string{"TURBO_TEAM=abc", "SSL_CERT_FILE=" + certificate}
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		env := append(slices.Clone(env), signatureKey)
		hash, _ := newTurbo(t, version, scheme).build(t, cache, env)
		if got, hit := newTurbo(t, version, scheme).build(t, cache, env); !hit || got != hash {
			t.Errorf("%s: hit %v for %s, want one for %s", version, hit, got, hash)
		}
	}
	cache.artifact(t, 0, nil, "status", "--ca-cert="+certificate)
	cache.artifact(t, 0, env, "status")
	cache.artifact(t, 9, nil, "status")
}

// TestNginxExample uploads through nginx with the settings of docs/serve.md.
func TestNginxExample(t *testing.T) {
	t.Parallel()
	cache := serveCache(t, "--host=cache.example.com")
	settings := strings.Replace(example(t, "serve.md", "nginx", 0), "http://127.0.0.1:8080", cache.api, 1)
	cache.api = nginx(t, settings)
	large := writeFile(t, filepath.Join(t.TempDir(), "large"), strings.Repeat("x", 5<<20))
	cache.artifact(t, 0, nil, "put", "--verify", large)
	for host, want := range map[string]int{"cache.example.com": http.StatusOK, "other.example.com": http.StatusMisdirectedRequest} {
		r := must(http.NewRequest(http.MethodGet, cache.api+"/v8/artifacts/status", nil))(t)
		r.Host = host
		r.Header.Set("Authorization", "Bearer "+cache.token)
		answer := must(http.DefaultClient.Do(r))(t)
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %s, want %d", host, answer.Status, want)
		}
	}
}

// TestBucketExample starts serve with the address in docs/serve-bucket.md.
func TestBucketExample(t *testing.T) {
	t.Parallel()
	shown := regexp.MustCompile(`'(s3://artifacts/.*endpoint=)https://s3\.example\.com(.*)'`).FindStringSubmatch(example(t, "serve-bucket.md", "text", 0))
	if shown == nil {
		t.Fatal("the page shows another address")
	}
	bucket, keys := newBucket(t)
	_, endpoint, _ := strings.Cut(bucket, "endpoint=")
	cache := serveWith(t, keys, "--store="+shown[1]+endpoint+"&region=us-east-1")
	cache.artifact(t, 0, nil, "put", "--verify", writeFile(t, filepath.Join(t.TempDir(), "file"), hello))
}

// TestGitLabExample runs the script of docs/ci.md, with the variables of a protected
// branch and of another one.
func TestGitLabExample(t *testing.T) {
	t.Parallel()
	page := readFile(t, "../../docs/ci.md")
	_, script, _ := strings.Cut(page, "    - export TURBO_TOKEN=")
	script, _, _ = strings.Cut("export TURBO_TOKEN="+script, "\n```")
	programs := t.TempDir()
	writeProgram(t, filepath.Join(programs, "npx"), "#!/bin/sh\necho \"$TURBO_TOKEN: $*\"\n")
	for want, env := range map[string][]string{
		"w: turbo run build\n": {"CACHE_WRITE_TOKEN=w", "CACHE_READ_TOKEN=r"}, "r: turbo run build\n": {"CACHE_READ_TOKEN=r"},
	} {
		cmd := exec.Command("sh", "-euc", strings.ReplaceAll(script, "\n    - ", "\n"))
		cmd.Env = append(env, "PATH="+programs+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%v: %q, want %q", err, out, want)
		}
	}
}
