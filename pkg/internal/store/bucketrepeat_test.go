package store_test

import (
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// TestRepeatedUpload checks that an upload from memory is repeated whole after the
// server has read it and failed.
func TestRepeatedUpload(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	var failed sync.Map
	failingOnce := func(transport http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if _, again := failed.LoadOrStore(r.URL.String(), true); again || r.Method != http.MethodPut {
				return transport.RoundTrip(r)
			}
			_, err := io.Copy(io.Discard, r.Body)
			w := httptest.NewRecorder()
			answering(500, "application/xml", "<Error><Code>InternalError</Code></Error>")(w, r)
			return w.Result(), err
		})
	}
	b := must.Get(changeBucket(t, server, server.URL("cache"), store.BucketOptions{}, failingOnce))(t)
	for name, length := range map[string]int{"one": 10, "parts": 9 << 20} {
		body := string(storetest.Bytes(1, length))
		if err := b.Put(t.Context(), key(name), store.UnknownSize, storetest.Full(), strings.NewReader(body)); err != nil {
			t.Errorf("Put(%s) = %v", name, err)
		}
		expectContents(t, b, map[string]string{name: body})
	}
}

// TestRepeatedCompletion checks that an upload in parts fails if its completion is not
// answered, then said to be done, and there is another artifact or none. Another one
// may have the same body, and so the same ETag.
func TestRepeatedCompletion(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	body := string(storetest.Bytes(1, 9<<20))
	said := "<CompleteMultipartUploadResult><Bucket>artifacts</Bucket><ETag>" + etag(body[:8<<20], body[8<<20:]) + "</ETag></CompleteMultipartUploadResult>"
	for name, test := range map[string]struct {
		first, second bool // whether it is done
		before, after string
		err           error
	}{
		"lost answer":  {first: true, second: true, before: "old", after: body},
		"lost request": {second: true, before: "old", after: body},
		"replacing":    {before: "old", after: "old", err: store.ErrUnavailable},
		"same body":    {before: body, after: body, err: store.ErrUnavailable},
		"new":          {after: "not found", err: store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var completions atomic.Int32
			b := openBucket(t, server.Behind(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					isCompletion := r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
					switch {
					case isCompletion && completions.Add(1) == 1:
						if test.first {
							next.ServeHTTP(httptest.NewRecorder(), r)
						}
						panic(http.ErrAbortHandler)
					case isCompletion && !test.second:
						answering(200, "application/xml", said)(w, r)
					default:
						next.ServeHTTP(w, r)
					}
				})
			}), store.BucketOptions{})
			if test.before != "" {
				direct := openBucket(t, server, store.BucketOptions{})
				must.Do(t, direct.Put(t.Context(), key("a"), store.UnknownSize, artifact.Metadata{}, strings.NewReader(test.before)))
			}
			err := b.Put(t.Context(), key("a"), store.UnknownSize, storetest.Full(), strings.NewReader(body))
			if !errors.Is(err, test.err) || completions.Load() != 2 {
				t.Errorf("Put = %v after %d completions, want %v after 2", err, completions.Load(), test.err)
			}
			expectContents(t, b, map[string]string{"a": test.after})
		})
	}
}

// etag returns the ETag of an object that was uploaded in parts.
func etag(parts ...string) string {
	var sums []byte
	for _, part := range parts {
		sum := md5.Sum([]byte(part))
		sums = append(sums, sum[:]...)
	}
	return fmt.Sprintf("%x-%d", md5.Sum(sums), len(parts))
}
