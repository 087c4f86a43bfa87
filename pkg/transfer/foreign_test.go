package transfer_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/internal/freeport"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// foreign is a cache with one body under every id, with the quirks of other
// servers.
type foreign struct {
	body     string
	headSize string // the size in answers to HEAD
	query    string // the answer for the id "k"; empty without a query

	mu    sync.Mutex
	asked []string // methods
}

func (f *foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	f.mu.Lock()
	f.asked = append(f.asked, r.Method)
	f.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && f.query == "":
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPost:
		fmt.Fprintf(w, `{"k":%s}`, f.query)
	case r.Method == http.MethodHead:
		w.Header().Set("X-Artifact-Duration", "7")
		if f.headSize != "" {
			w.Header().Set("Content-Length", f.headSize)
		}
	case r.Method == http.MethodGet:
		_, _ = io.WriteString(w, f.body)
	}
}

func (f *foreign) client(t *testing.T) *client.Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{API: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSizesAreConfirmed checks that an unexpected size from HEAD or a query is
// confirmed with GET: once if it is right, and always if it is wrong.
func TestSizesAreConfirmed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		foreign *foreign
		quick   string // verdicts of three times the same file, which has "hello"
		asked   string
		skipped int // of three times the same file
		put     string
	}{
		"right":           {&foreign{body: "hello", headSize: "5"}, "ok ok ok", "POST HEAD HEAD HEAD", 3, "HEAD HEAD HEAD"},
		"another one":     {&foreign{body: "hello!", headSize: "6"}, "differs differs differs", "POST HEAD GET HEAD HEAD", 0, "HEAD GET PUT HEAD PUT HEAD PUT"},
		"a wrong HEAD":    {&foreign{body: "hello", headSize: "9"}, "ok ok ok", "POST HEAD GET GET GET", 3, "HEAD GET GET GET"},
		"a wrong query":   {&foreign{body: "hello", headSize: "5", query: `{"size":9}`}, "ok ok ok", "POST GET GET GET", 3, "HEAD HEAD HEAD"},
		"a query of less": {&foreign{body: "hello", headSize: "5", query: `{}`}, "ok ok ok", "POST HEAD HEAD HEAD", 3, "HEAD HEAD HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := test.foreign
			input := transfer.Input{Path: write(t, t.TempDir(), "f")[0].Path, ID: "k", Algorithm: transfer.SHA256}
			overwrite(t, input.Path, "hello")
			verifier := transfer.Verifier{Client: f.client(t), Jobs: 1}
			var verdicts []string
			for result := range verifier.Quick(t.Context(), all(input, input, input)) {
				verdicts = append(verdicts, string(result.Verdict))
			}
			if got := strings.Join(verdicts, " "); got != test.quick || strings.Join(f.asked, " ") != test.asked {
				t.Errorf("quick: %s, asked with %v; want %s, %s", got, f.asked, test.quick, test.asked)
			}
			f.asked = nil
			uploader := transfer.Uploader{Client: f.client(t), SkipExisting: true}
			skipped := 0
			for range 3 {
				if result := uploader.Put(t.Context(), input); result.Status == transfer.Skipped {
					skipped++
				}
			}
			if skipped != test.skipped || strings.Join(f.asked, " ") != test.put {
				t.Errorf("put: %d skipped, asked with %v; want %d, %s", skipped, f.asked, test.skipped, test.put)
			}
		})
	}
}

// TestLookUpOne looks up a single artifact like many.
func TestLookUpOne(t *testing.T) {
	t.Parallel()
	f := &foreign{query: `{"size":5,"taskDurationMs":9,"sha":"s","tag":"dGFn"}`}
	verifier := transfer.Verifier{Client: f.client(t), Jobs: 1}
	input := transfer.Input{ID: "k"}
	for _, inputs := range []transfer.Inputs{all(input), all(input, input)} {
		for result := range verifier.LookUp(t.Context(), inputs) {
			found := result.Found
			if result.Err != nil || found.Size != 5 || found.Metadata.SHA != "s" || found.Metadata.Tag != "dGFn" || found.Metadata.Duration.Milliseconds() != 9 {
				t.Errorf("%+v", result)
			}
		}
	}
	f.query = `{"sha":"s"}`
	f.headSize = "5"
	for result := range verifier.LookUp(t.Context(), all(input)) {
		if found := result.Found; found.Size != 5 || found.Metadata.SHA != "s" || found.Metadata.Duration.Milliseconds() != 7 {
			t.Errorf("filled up: %+v", result)
		}
	}
}

// TestSignatureLost reports that the server dropped the tag.
func TestSignatureLost(t *testing.T) {
	t.Parallel()
	input := transfer.Input{Path: write(t, t.TempDir(), "f")[0].Path, ID: "k", Algorithm: transfer.SHA256}
	overwrite(t, input.Path, "hello")
	f := &foreign{body: "hello"}
	uploader := transfer.Uploader{Client: f.client(t), Signer: signer, Scheme: artifact.SchemeV2, Verify: true}
	result := uploader.Put(t.Context(), input)
	want := "verifying " + input.Path + ": it is not signed: this server does not keep signatures"
	if !errors.Is(result.Err, transfer.ErrSignatureLost) || !errors.Is(result.Err, transfer.ErrUnsigned) || result.Err.Error() != want {
		t.Errorf("%v, want %s", result.Err, want)
	}
}

// TestLostQueryEndsTheRun checks that a lost query ends the run without another
// request.
func TestLostQueryEndsTheRun(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]int{}
	c, err := client.New(client.Options{API: fmt.Sprint("http://127.0.0.1:", freeport.Find(t)), Token: "t", Trace: func(e client.Exchange) {
		mu.Lock()
		asked[e.Method]++
		mu.Unlock()
	}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range 125 {
		names = append(names, fmt.Sprint("f", i))
	}
	uploader := transfer.Uploader{Client: c, SkipExisting: true}
	statuses := map[transfer.Status]int{}
	for result := range uploader.PutAll(t.Context(), all(write(t, t.TempDir(), names...)...), transfer.Batch{Jobs: 16}) {
		if statuses[result.Status]++; result.Status == transfer.NotSent && !errors.Is(result.Err, transfer.ErrLost) {
			t.Errorf("%v, want ErrLost", result.Err)
		}
	}
	if asked[http.MethodPost] == 0 || len(asked) != 1 || statuses[transfer.Failed] < 10 || statuses[transfer.Failed]+statuses[transfer.NotSent] != 125 {
		t.Errorf("asked with %v, %v", asked, statuses)
	}
	if result := uploader.Put(t.Context(), write(t, t.TempDir(), "f")[0]); result.Status != transfer.Failed || asked[http.MethodPut] != 0 {
		t.Errorf("a single one: %+v, asked with %v", result, asked)
	}
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
