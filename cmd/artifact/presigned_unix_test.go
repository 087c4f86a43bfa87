//go:build unix

package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// handingOn is a cache that keeps nothing itself: a preflight is answered with a
// URL of object storage that is signed for this one request, and a request
// without one is refused.
type handingOn struct {
	api    remote
	bucket *url.URL
	// expired makes it sign URLs whose time is over.
	expired atomic.Bool

	mu       sync.Mutex
	asked    []string // methods of preflights
	stored   []string // methods that the storage took
	improper []string // what should not have come
}

func serveHandingOn(t *testing.T) *handingOn {
	t.Helper()
	h := new(handingOn)
	backend := s3mem.New()
	if err := backend.CreateBucket("artifacts"); err != nil {
		t.Fatal(err)
	}
	s3 := gofakes3.New(backend).Server()
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.store(w, r, s3) }))
	t.Cleanup(storage.Close)
	h.bucket, _ = url.Parse(storage.URL + "/artifacts/")
	cache := httptest.NewUnstartedServer(http.HandlerFunc(h.handOn))
	h.api = remote{api: "http://" + cache.Listener.Addr().String(), token: "the-token"}
	cache.Start() // what it reads is there by now
	t.Cleanup(cache.Close)
	return h
}

// handOn is the cache.
func (h *handingOn) handOn(w http.ResponseWriter, r *http.Request) {
	id, isArtifact := strings.CutPrefix(r.URL.Path, "/v8/artifacts/")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+h.api.token:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodOptions && isArtifact:
		method := r.Header.Get("Access-Control-Request-Method")
		h.note(&h.asked, method)
		w.Header().Set("Location", h.presign(method, h.bucket.JoinPath(id), time.Now()).String())
		w.Header().Set("Access-Control-Allow-Methods", method)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, User-Agent, x-artifact-duration")
	case r.URL.Path == "/v8/artifacts/events", r.URL.Path == "/v8/artifacts/status":
		fmt.Fprint(w, `{"status":"enabled"}`)
	case isArtifact:
		h.note(&h.improper, r.Method+" without a preflight")
		w.WriteHeader(http.StatusForbidden)
	default:
		w.WriteHeader(http.StatusNotFound) // the batch query, among others
	}
}

// store is a real S3 API behind what Amazon's checks first. gofakes3 checks no
// signature.
func (h *handingOn) store(w http.ResponseWriter, r *http.Request, s3 http.Handler) {
	if r.Header.Get("Authorization") != "" {
		h.note(&h.improper, "Authorization at the storage")
	}
	began, err := time.Parse(amazonTime, r.URL.Query().Get("X-Amz-Date"))
	signed := *r.URL
	signed.Host = r.Host
	switch want := h.signature(r.Method, &signed, began); {
	case err != nil || r.URL.Query().Get("X-Amz-Signature") != want:
		refuseAsS3(w, "SignatureDoesNotMatch", "The signature is another one's.")
	case time.Since(began) > time.Minute:
		refuseAsS3(w, "AccessDenied", "Request has expired")
	default:
		h.note(&h.stored, r.Method)
		s3.ServeHTTP(w, r)
	}
}

func refuseAsS3(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
}

func (h *handingOn) note(to *[]string, what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*to = append(*to, what)
}

// take gives what was noted since the last time.
func (h *handingOn) take() (asked, stored, improper []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked, stored, improper = h.asked, h.stored, h.improper
	h.asked, h.stored, h.improper = nil, nil, nil
	return asked, stored, improper
}

const amazonTime = "20060102T150405Z"

// presign makes a URL that is good for one method and a minute, as Amazon's
// Signature Version 4 has it for query parameters.
func (h *handingOn) presign(method string, object *url.URL, now time.Time) *url.URL {
	if h.expired.Load() {
		now = now.Add(-time.Hour)
	}
	now = now.UTC()
	signed := *object
	signed.RawQuery = url.Values{
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Credential": {"key/" + scopeOf(now)}, "X-Amz-Date": {now.Format(amazonTime)},
		"X-Amz-Expires": {"60"}, "X-Amz-SignedHeaders": {"host"},
	}.Encode()
	signed.RawQuery += "&X-Amz-Signature=" + h.signature(method, &signed, now)
	return &signed
}

func scopeOf(now time.Time) string {
	return now.UTC().Format("20060102") + "/eu-central-1/s3/aws4_request"
}

func (h *handingOn) signature(method string, signed *url.URL, now time.Time) string {
	query := signed.Query()
	query.Del("X-Amz-Signature")
	request := strings.Join([]string{
		method, signed.EscapedPath(), strings.ReplaceAll(query.Encode(), "+", "%20"), "host:" + signed.Host, "", "host", "UNSIGNED-PAYLOAD",
	}, "\n")
	sum := sha256.Sum256([]byte(request))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", now.UTC().Format(amazonTime), scopeOf(now), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4secret")
	for _, part := range append(strings.Split(scopeOf(now), "/"), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// check holds what came against what should have.
func (h *handingOn) check(t *testing.T, what string, wantAsked, wantStored []string) {
	t.Helper()
	asked, stored, improper := h.take()
	if !slices.Equal(asked, wantAsked) || !slices.Equal(stored, wantStored) || improper != nil {
		t.Errorf("%s: preflights for %q, the storage took %q, and %q; want %q and %q", what, asked, stored, improper, wantAsked, wantStored)
	}
}

// TestPresigned brings an artifact to object storage and back by the URLs that
// a cache hands out: each request asks first, and the token stays with the
// cache.
func TestPresigned(t *testing.T) {
	t.Parallel()
	h := serveHandingOn(t)
	dir := t.TempDir()
	large := strings.Repeat("0123456789abcdef", 200<<10) // 3.1 MiB: it waits for consent
	for _, file := range []struct{ name, content string }{{"small", hello}, {"large", large}} {
		path, env := writeFile(t, filepath.Join(dir, file.name), file.content), []string{"TURBO_TEAM=abc", "TURBO_PREFLIGHT=1"}
		h.api.artifact(t, 0, env, "put", "--no-git", "--hash", file.name, path)
		h.check(t, "put", []string{"PUT"}, []string{"PUT"})
		back := filepath.Join(dir, "back")
		h.api.artifact(t, 0, env, "get", file.name, "-o", back)
		h.check(t, "get", []string{"GET"}, []string{"GET"})
		if got, err := os.ReadFile(back); err != nil || string(got) != file.content {
			t.Errorf("%s came back as %d bytes, %v", file.name, len(got), err)
		}
		h.api.artifact(t, 0, env, "verify", "--hash", file.name, path)
		h.check(t, "verify", []string{"GET"}, []string{"GET"})
		// Amazon's URL for a GET is none for a HEAD, so it is got instead.
		got := h.api.artifact(t, 0, env, "stat", "--json", file.name)
		if want := fmt.Sprintf(`{"hash":%q,"size":%d,"metadata":{}}`+"\n", file.name, len(file.content)); got.stdout != want {
			t.Errorf("stat: %s, want %s", got.stdout, want)
		}
		h.check(t, "stat", []string{"GET", "GET"}, []string{"GET"})
		h.api.artifact(t, 0, env, "put", "--no-git", "--skip-existing", "--hash", file.name, path)
		h.check(t, "put --skip-existing", []string{"GET", "GET"}, []string{"GET"})
	}
	h.api.artifact(t, 6, []string{"TURBO_TEAM=abc", "TURBO_PREFLIGHT=1"}, "get", "missing", "-o", filepath.Join(dir, "none"))
	h.check(t, "get of what is not there", []string{"GET"}, []string{"GET"})

	// Without asking first it is refused, and says so.
	got := h.api.artifact(t, 5, []string{"TURBO_TEAM=abc"}, "put", "--no-git", filepath.Join(dir, "small"))
	if _, stored, improper := h.take(); stored != nil || !slices.Equal(improper, []string{"PUT without a preflight"}) {
		t.Errorf("without a preflight the storage took %q: %+v", stored, got)
	}
}

// TestPresignedExpired tells what the storage says, and nothing of the signature.
func TestPresignedExpired(t *testing.T) {
	t.Parallel()
	h := serveHandingOn(t)
	h.expired.Store(true)
	path := writeFile(t, filepath.Join(t.TempDir(), "file"), hello)
	for name, args := range map[string][]string{
		"put": {"put", "-v", "--no-git", "--hash", "k", path}, "get": {"get", "-v", "k", "-o", path + ".back"}, "json": {"put", "--json", "--no-git", "--hash", "k", path},
	} {
		got := h.api.artifact(t, 5, []string{"TURBO_TEAM=abc", "TURBO_PREFLIGHT=1"}, args...)
		said := cmp.Or(got.stdout, got.stderr) + got.stderr
		if !strings.Contains(said, "Request has expired") {
			t.Errorf("%s does not tell the storage's words: %s", name, said)
		}
		if leak := regexp.MustCompile(`AWS4-HMAC|key(%2F|/)|[0-9a-f]{64}`).FindString(said); leak != "" {
			t.Errorf("%s shows %s of the URL: %s", name, leak, said)
		}
	}
	if _, stored, improper := h.take(); stored != nil || improper != nil {
		t.Errorf("the storage took %q, and %q", stored, improper)
	}
}

// TestTurboPresigned takes an artifact from real turbo over such a cache to
// turbo and to us, and one of ours to turbo.
func TestTurboPresigned(t *testing.T) {
	t.Parallel()
	h := serveHandingOn(t)
	turbo := newTurbo(t, "turbo", "")
	writeFile(t, filepath.Join(turbo.workspace, "turbo.json"), `{"remoteCache":{"preflight":true},"tasks":{"build":{"outputs":["dist/**"]}}}`)
	env := []string{"TURBO_TEAM=abc"}
	hash, hit := turbo.build(t, h.api, env)
	if hit {
		t.Fatal("an empty cache has it")
	}
	if got, hit := turbo.build(t, h.api, env); !hit || got != hash {
		t.Errorf("%s: hit %v for %s", hash, hit, got)
	}
	ours := append(slices.Clone(env), "TURBO_PREFLIGHT=true")
	file := filepath.Join(t.TempDir(), "artifact")
	h.api.artifact(t, 0, ours, "get", hash, "-o", file)

	second := serveHandingOn(t)
	second.api.artifact(t, 0, ours, "put", "--no-git", "--hash", hash, "--duration", "263", "--verify", file)
	if got, hit := turbo.build(t, second.api, env); !hit || got != hash {
		t.Errorf("%s that was put: hit %v for %s", hash, hit, got)
	}
	for _, cache := range []*handingOn{h, second} {
		if _, stored, improper := cache.take(); len(stored) == 0 || improper != nil {
			t.Errorf("the storage took %q, and %q", stored, improper)
		}
	}
}
