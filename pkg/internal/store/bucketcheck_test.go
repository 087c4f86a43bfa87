package store_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// roundTripper changes requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// unchanged does not change what is sent.
func unchanged(transport http.RoundTripper) http.RoundTripper { return transport }

// opening is a call of OpenBucket.
type opening struct {
	server *s3test.Server
	query  string // after the endpoint
	change func(http.RoundTripper) http.RoundTripper
	store.BucketOptions
}

func (o opening) open(t *testing.T) error {
	t.Helper()
	if o.change == nil {
		o.change = unchanged
	}
	b, err := changeBucket(t, o.server, o.server.URL("cache")+o.query, o.BucketOptions, o.change)
	if err == nil {
		_ = b.Close()
	}
	return err
}

// TestBucketsThatCannotBeUsed checks that OpenBucket says why, in the server's own
// words.
func TestBucketsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	with := func(change func(*s3test.Server)) *s3test.Server {
		changed := *server
		change(&changed)
		return &changed
	}
	late := func(transport http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Set("X-Amz-Date", time.Now().Add(-16*time.Minute).UTC().Format("20060102T150405Z"))
			return transport.RoundTrip(r)
		})
	}
	withoutMetadata := func(transport http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			answer, err := transport.RoundTrip(r)
			if err == nil {
				answer.Header.Del("X-Amz-Meta-Artifact")
			}
			return answer, err
		})
	}
	for name, test := range map[string]struct {
		opening
		want error
		text string
	}{
		"no such bucket": {
			opening{server: with(func(s *s3test.Server) { s.Bucket = "none" })}, store.ErrNoBucket,
			"opening s3://none/cache/: no such bucket: NoSuchBucket: The specified bucket does not exist.",
		},
		"another's key": {
			opening{server: serverWithUsers(t, "other")}, store.ErrWrongKeys,
			"opening s3://artifacts/cache/: the access key is refused: InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.",
		},
		"another's key, and only one is known": {
			opening{server: with(func(s *s3test.Server) { s.AccessKey = "other" })}, store.ErrWrongKeys,
			"opening s3://artifacts/cache/: the access key is refused: XAdminUserNotFound: No user exists with the provided access key ID.",
		},
		"a key without permissions": {
			opening{server: serverWithUsers(t, "user")}, store.ErrUnreadable,
			"opening s3://artifacts/cache/: reading is not permitted: AccessDenied: Access Denied.",
		},
		"a wrong secret": {
			opening{server: with(func(s *s3test.Server) { s.SecretKey = "other" })}, store.ErrWrongKeys,
			"opening s3://artifacts/cache/: the access key is refused: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		},
		"a clock that is late": {
			opening{server: server, change: late}, store.ErrClock,
			"opening s3://artifacts/cache/: the clock is off: RequestTimeTooSkewed: The difference between the request time and the current time is too large.",
		},
		"another region": {
			opening{server: server, query: "&region=eu-west-1"}, store.ErrRegion,
			`opening s3://artifacts/cache/: the bucket is in another region: AuthorizationHeaderMalformed: The authorization header is malformed; the region "eu-west-1" is wrong; expecting "us-east-1"`,
		},
		"nothing that listens": {
			opening{server: with(func(s *s3test.Server) { s.Endpoint = "http://127.0.0.1:1" })}, store.ErrUnavailable,
			`opening s3://artifacts/cache/: the storage is not available: Get "http://127.0.0.1:1/artifacts/?location=": dial tcp 127.0.0.1:1: connect: connection refused`,
		},
		"lost metadata": {
			opening{server: server, change: withoutMetadata}, store.ErrNotS3,
			`opening s3://artifacts/cache/: the server does not answer as S3 does: it returns the metadata "" instead of "tag"`,
		},
		"a server that only reads": {
			opening{server: s3test.Start(t, "--readonly")}, store.ErrUnwritable,
			"opening s3://artifacts/cache/: writing is not permitted: AccessDenied: Access Denied.",
		},
		"a server that only reads, for reading": {
			opening{server: s3test.Start(t, "--readonly"), BucketOptions: store.BucketOptions{ReadOnly: true}}, nil, "",
		},
		"all is well": {opening{server: server}, nil, ""},
		"all is well, with the region": {
			opening{server: server, query: "&region=us-east-1", BucketOptions: store.BucketOptions{WriteOnce: true}}, nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			err := test.open(t)
			if !errors.Is(err, test.want) || err != nil && err.Error() != test.text {
				t.Errorf("OpenBucket = %v, want %s", err, test.text)
			}
			if took := time.Since(began); took > answerTime {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// serverWithUsers starts a server that knows the user "user", who has no
// permissions, and returns it with a key.
func serverWithUsers(t *testing.T, accessKey string) *s3test.Server {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "users.json"), `{"accessAccounts":{"user":{"access":"user","secret":"secret","role":"user"}}}`)
	server := s3test.Start(t, "--iam-dir", dir)
	server.AccessKey, server.SecretKey = accessKey, "secret"
	return server
}

// TestServersThatAreNotS3 checks that no web server passes for S3, not even for one
// that only reads.
func TestServersThatAreNotS3(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	for name, answer := range map[string]http.HandlerFunc{
		"200":        answering(200, "text/html", "<html><body>welcome</body></html>"),
		"200 empty":  answering(200, "text/html", ""),
		"a file":     http.FileServer(http.Dir(t.TempDir())).ServeHTTP,
		"404":        answering(404, "text/html", "<html><body>not found</body></html>"),
		"JSON":       answering(400, "application/json", `{"error":"unknown"}`),
		"a sign-in":  answering(401, "text/html", "<html><body>sign in</body></html>"),
		"no methods": answering(405, "text/plain", "Method Not Allowed"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails, seen := failingServer(t, server, answer)
			fails.Store(true)
			for _, query := range []string{"", "&region=us-east-1"} {
				for _, options := range []store.BucketOptions{{}, {ReadOnly: true}} {
					if err := (opening{server: seen, query: query, BucketOptions: options}).open(t); !errors.Is(err, store.ErrNotS3) {
						t.Errorf("OpenBucket %q, %+v = %v, want ErrNotS3", query, options, err)
					}
				}
			}
		})
	}
}

// TestServerWithoutTrailers checks that a server which stores a body together with
// the checksum behind it, as old ones do, is refused: all artifacts would be damaged.
func TestServerWithoutTrailers(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	must.Do(t, backend.CreateBucket("artifacts"))
	web := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(web.Close)
	server := &s3test.Server{Endpoint: web.URL, Bucket: "artifacts", AccessKey: "key", SecretKey: "secret"}
	const want = "opening s3://artifacts/cache/: the server does not answer as S3 does: " +
		"it stores 125 bytes as 169"
	if err := (opening{server: server}).open(t); !errors.Is(err, store.ErrNotS3) || err.Error() != want {
		t.Errorf("OpenBucket = %v, want %s", err, want)
	}
}

// TestUnreachableBucket checks that OpenBucket gives up soon.
func TestUnreachableBucket(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	for name, back := range map[string]toxics.Toxic{
		"black hole":   &toxics.TimeoutToxic{},
		"slow headers": &toxics.SlicerToxic{AverageSize: 1, Delay: 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, seen := server.Through(t)
			proxy.Fail(nil, back)
			began := time.Now()
			if err := (opening{server: seen}).open(t); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("OpenBucket = %v, want ErrUnavailable", err)
			}
			if took := time.Since(began); took > answerTime {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestIgnoredCondition checks that a write-once bucket knows storage that ignores
// If-None-Match, or refuses it, and works with it.
func TestIgnoredCondition(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	for name, change := range map[string]func(http.RoundTripper) http.RoundTripper{
		"ignored": func(transport http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				r.Header.Del("If-None-Match") // it is not signed
				return transport.RoundTrip(r)
			})
		},
		"refused": refusingCondition(501, "<Error><Code>NotImplemented</Code></Error>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := must.Get(changeBucket(t, server, server.URL(name), store.BucketOptions{WriteOnce: true}, change))(t)
			if b.HasConditionalWrites() {
				t.Error("HasConditionalWrites() = true")
			}
			put(t, b, "a", "body")
			put(t, b, "a", "body")
			if err := b.Put(t.Context(), key("a"), 4, storetest.Full(), strings.NewReader("else")); !errors.Is(err, store.ErrExists) {
				t.Errorf("Put = %v, want ErrExists", err)
			}
		})
	}
}

// refusingCondition answers requests with If-None-Match.
func refusingCondition(status int, text string) func(http.RoundTripper) http.RoundTripper {
	return func(transport http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("If-None-Match") == "" {
				return transport.RoundTrip(r)
			}
			w := httptest.NewRecorder()
			answering(status, "application/xml", text)(w, r)
			return w.Result(), nil
		})
	}
}

// TestFailingCondition checks that a write-once bucket does not open while it cannot
// know whether storage ignores If-None-Match.
func TestFailingCondition(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	change := refusingCondition(500, "<Error><Code>InternalError</Code></Error>")
	_, err := changeBucket(t, server, server.URL("failing"), store.BucketOptions{WriteOnce: true}, change)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("OpenBucket = %v, want ErrUnavailable", err)
	}
}
