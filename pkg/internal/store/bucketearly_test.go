package store_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// earlyServer begins uploads in parts, and answers what has a body with a status as
// soon as it has read a number of its bytes. Later it reads the rest.
func earlyServer(status int, read int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			answering(200, "application/xml", "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")(w, r)
			return
		}
		control := http.NewResponseController(w)
		if control.EnableFullDuplex() != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, r.Body, read)
		w.Header().Set("ETag", `"stored"`)
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(status)
		_ = control.Flush()
		if read > 0 {
			time.Sleep(50 * time.Millisecond)
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}
}

// TestEarlyAnswers checks that storage which answers before it has the whole body is
// not believed, and that a second try does not share what net/http still reads.
func TestEarlyAnswers(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		calls  []string
	}{
		"at once":       {earlyServer(200, 0), []string{"small", "large", "small unknown", "large unknown"}},
		"in the middle": {earlyServer(200, 1<<16), []string{"large", "large unknown"}},
		"an error":      {earlyServer(503, 1<<16), []string{"large", "large unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails, seen := failingServer(t, server, test.answer)
			b := must.Get(changeBucket(t, seen, seen.URL("cache"), store.BucketOptions{}, bufferingLittle))(t)
			fails.Store(true)
			for _, call := range test.calls {
				if err := calls[call](t, b); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: %v, want ErrUnavailable", call, err)
				}
			}
		})
	}
}
