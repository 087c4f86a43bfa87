package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

// presigning is a cache that stores nothing itself: it answers preflights with a
// presigned URL of object storage, and refuses requests without a preflight.
type presigning struct {
	cache, storage *httptest.Server
	s3             http.Handler
	expired        bool // the time of the URLs that it signs is over

	mu  sync.Mutex
	log []string
}

// presigningKey is the key of a story's presigning cache.
type presigningKey struct{}

// runPresigned is the command presigned of stories.
//
//	presigned start [expired]  starts the cache and its storage
//	presigned requests         prints what both were asked since the last time
//
// It points ARTIFACT_API and ARTIFACT_TOKEN at the cache.
func runPresigned(ts *testscript.TestScript, neg bool, args []string) {
	kept := ts.Value(presigningKey{}).(**presigning)
	switch verb := strings.Join(args, " "); {
	case !neg && (verb == "start" || verb == "start expired"):
		p, err := startPresigning(verb == "start expired")
		ts.Check(err)
		ts.Defer(p.close)
		*kept = p
		ts.Setenv("ARTIFACT_API", p.cache.URL)
		ts.Setenv("ARTIFACT_TOKEN", "the-token")
	case !neg && verb == "requests" && *kept != nil:
		for _, line := range (*kept).take() {
			fmt.Fprintln(ts.Stdout(), line)
		}
	default:
		ts.Fatalf("usage: presigned start [expired], or presigned requests")
	}
}

func startPresigning(expired bool) (*presigning, error) {
	backend := s3mem.New()
	if err := backend.CreateBucket("artifacts"); err != nil {
		return nil, err
	}
	p := &presigning{s3: gofakes3.New(backend).Server(), expired: expired}
	p.storage = httptest.NewServer(http.HandlerFunc(p.store))
	p.cache = httptest.NewServer(http.HandlerFunc(p.handOn))
	return p, nil
}

func (p *presigning) close() {
	p.cache.Close()
	p.storage.Close()
}

// handOn is the cache.
func (p *presigning) handOn(w http.ResponseWriter, r *http.Request) {
	id, isArtifact := strings.CutPrefix(r.URL.Path, "/v8/artifacts/")
	switch {
	case r.Header.Get("Authorization") != "Bearer the-token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodOptions && isArtifact:
		method := r.Header.Get("Access-Control-Request-Method")
		p.note("preflight for %s", method)
		w.Header().Set("Location", p.presign(method, id))
		w.Header().Set("Access-Control-Allow-Methods", method)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, User-Agent, x-artifact-duration")
	case r.URL.Path == "/v8/artifacts/events", r.URL.Path == "/v8/artifacts/status":
		_, _ = io.WriteString(w, `{"status":"enabled"}`)
	case isArtifact:
		p.note("%s without a preflight", r.Method)
		w.WriteHeader(http.StatusForbidden)
	default:
		w.WriteHeader(http.StatusNotFound) // the batch query, among others
	}
}

// store is a real S3 API with a check of signatures, which gofakes3 lacks.
func (p *presigning) store(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		p.note("Authorization at the storage")
	}
	query := r.URL.Query()
	signature := query.Get("X-Amz-Signature")
	query.Del("X-Amz-Signature")
	began, err := time.Parse(amazonTime, query.Get("X-Amz-Date"))
	switch {
	case err != nil || signature != sign(r.Method, r.Host, r.URL.Path, query):
		refuseAsS3(w, "SignatureDoesNotMatch", "The signature is another one's.")
	case time.Since(began) > time.Minute:
		refuseAsS3(w, "AccessDenied", "Request has expired")
	default:
		p.note("storage: %s", r.Method)
		p.s3.ServeHTTP(w, r)
	}
}

func refuseAsS3(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
}

func (p *presigning) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

// take returns what was recorded since the last call.
func (p *presigning) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	log := p.log
	p.log = nil
	return log
}

const amazonTime = "20060102T150405Z"

// presign returns a URL that is valid for one method and a minute. It looks like
// Amazon's, with a signature that only store checks.
func (p *presigning) presign(method, id string) string {
	now := time.Now().UTC()
	if p.expired {
		now = now.Add(-time.Hour)
	}
	object, _ := url.Parse(p.storage.URL + "/artifacts/")
	object = object.JoinPath(id)
	query := url.Values{
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Credential": {"key/" + now.Format("20060102") + "/eu-central-1/s3/aws4_request"},
		"X-Amz-Date": {now.Format(amazonTime)}, "X-Amz-Expires": {"60"}, "X-Amz-SignedHeaders": {"host"},
	}
	object.RawQuery = query.Encode() + "&X-Amz-Signature=" + sign(method, object.Host, object.Path, query)
	return object.String()
}

func sign(method, host, path string, query url.Values) string {
	mac := hmac.New(sha256.New, []byte("secret"))
	fmt.Fprintln(mac, method, host, path, query.Encode())
	return fmt.Sprintf("%x", mac.Sum(nil))
}
