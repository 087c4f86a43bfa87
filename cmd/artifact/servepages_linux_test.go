package main

import (
	"io"
	"maps"
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

// TestOwnCertificate makes the certificate of docs/serve.md, with which turbo and
// artifact reach the cache by its name.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command("sh", "-euc", strings.ReplaceAll(example(t, "serve.md", "sh", 2), "cache.example.com", proxied))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	certificate := filepath.Join(dir, "tls.crt")
	cache, _, _ := serveLogged(t, nil, "--dir", t.TempDir(), "--host="+proxied, "--tls-cert="+certificate, "--tls-key="+filepath.Join(dir, "tls.key"))
	cache.api = strings.Replace(cache.api, "127.0.0.1", proxied, 1)
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
	cache, _, _ := serveLogged(t, keys, "--store="+shown[1]+endpoint+"&region=us-east-1")
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
	npx := writeFile(t, filepath.Join(programs, "npx"), "#!/bin/sh\necho \"$TURBO_TOKEN: $*\"\n")
	mustDo(t, os.Chmod(npx, 0o755))
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

var (
	metricRow  = regexp.MustCompile("(?m)^\\| (`(?:artifact|process)_.*?) \\|")
	metricName = regexp.MustCompile("`([a-z_]+)")
	metricType = regexp.MustCompile(`(?m)^# TYPE (\S+)`)
)

// TestMetricsTable compares the table in docs/serve-metrics.md with what serve
// answers, without a bucket and with one.
func TestMetricsTable(t *testing.T) {
	t.Parallel()
	page := readFile(t, "../../docs/serve-metrics.md")
	documented := map[string]bool{} // whether also with a bucket
	for _, row := range metricRow.FindAllStringSubmatchIndex(page, -1) {
		line, _, _ := strings.Cut(page[row[0]:], "\n")
		for _, name := range metricName.FindAllStringSubmatch(page[row[2]:row[3]], -1) {
			documented[name[1]] = !strings.Contains(line, "not with `--store`")
		}
	}
	for _, store := range []string{"directory", "bucket"} {
		var env []string
		flags := []string{"--dir", t.TempDir(), "--max-age=1d"}
		if store == "bucket" {
			var address string
			address, env = newBucket(t)
			flags = []string{"--store", address}
		}
		cache, _, _ := serveLogged(t, env, flags...)
		want := maps.Clone(documented)
		if store == "bucket" {
			maps.DeleteFunc(want, func(_ string, both bool) bool { return !both })
		}
		names := slices.Sorted(maps.Keys(want))
		var got []string
		// A directory is counted in the background.
		for end := time.Now().Add(patience); !slices.Equal(got, names) && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			got = submatches(metricType, cache.text(t, "/metrics"))
			slices.Sort(got)
		}
		if !slices.Equal(got, names) {
			t.Errorf("with a %s there are %q, and documented are %q", store, got, names)
		}
	}
}

// text returns the body of an answer.
func (at remote) text(t *testing.T, path string) string {
	t.Helper()
	answer := must(at.get(path))(t)
	defer answer.Body.Close()
	return string(must(io.ReadAll(answer.Body))(t))
}
