package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestPutSends compares the headers of uploads with all metadata and with none.
func TestPutSends(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept, func(o *client.Options) {
		o.API += "/base/path/"
		o.Team = artifact.Team{ID: "team_1", Slug: "a&b"}
	})
	stored, err := c.Put(t.Context(), client.Upload{
		ID: "key:100%+?#é", Source: artifact.FromBytes([]byte("bytes")), Metadata: artifact.Metadata{
			CI: "GITHUB_ACTIONS", Interactive: new(true), SHA: "5ca1ab1e", DirtyHash: "d1", Tag: "dGFn",
			Duration: new(12500 * time.Millisecond),
		},
	})
	if err != nil || !slices.Equal(stored.URLs.List(), []string{"https://cache/a"}) {
		t.Errorf("stored %+v, %v", stored, err)
	}
	checkSent(t, r, `HTTP/1.1 PUT /base/path/v8/artifacts/key:100%25%2B%3F%23%C3%A9?slug=a%26b&teamId=team_1 "bytes"`+
		" Authorization: Bearer the-token Content-Length: 5 Content-Type: application/octet-stream User-Agent: test/1"+
		" X-Artifact-Client-Ci: GITHUB_ACTIONS X-Artifact-Client-Interactive: 1 X-Artifact-Dirty-Hash: d1"+
		" X-Artifact-Duration: 12500 X-Artifact-Sha: 5ca1ab1e X-Artifact-Tag: dGFn")
	r, c = serve(t, accept, func(o *client.Options) { o.Token, o.Team = "", artifact.Team{ID: "not-an-id"} })
	must.Get(put(t, c, ""))(t)
	checkSent(t, r, "HTTP/1.1 PUT /v8/artifacts/abc Content-Length: 0 Content-Type: application/octet-stream User-Agent: test/1")
}

func TestPutRefusesInvalidMetadata(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept)
	long := strings.Repeat("x", 601)
	for name, metadata := range map[string]artifact.Metadata{
		"ci":         {CI: long[:51]},
		"sha":        {SHA: long[:201]},
		"dirty hash": {DirtyHash: long[:201]},
		"tag":        {Tag: strings.Repeat("A", 604)},
		"printable":  {CI: "a\nb"},
		"duration":   {Duration: new(-time.Second)},
	} {
		_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(nil), Metadata: metadata})
		if !errors.Is(err, client.ErrInvalidMetadata) {
			t.Errorf("%s: %v, want ErrInvalidMetadata", name, err)
		}
	}
	if got := r.all(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

// TestPutBreaksOffWhenTheInputChanged checks that an input that changes during an
// upload never arrives completely.
func TestPutBreaksOffWhenTheInputChanged(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "small": 10, "large": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, path := openZeros(t, size)
			must.Do(t, os.WriteFile(path, make([]byte, size), 0o600))
			r, c := serve(t, accept)
			_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: source})
			if !errors.Is(err, artifact.ErrChanged) {
				t.Errorf("error %v, want ErrChanged", err)
			}
			for _, got := range r.all() {
				if !strings.HasPrefix(got.Body, "incomplete: ") {
					t.Errorf("the server got a whole body of %d bytes", len(got.Body))
				}
			}
		})
	}
}

func TestErrorsShowNoSecrets(t *testing.T) {
	t.Parallel()
	api := serveRaw(t, func(net.Conn) {})
	var traced client.Exchange
	c := newClient(t, api, func(o *client.Options) { o.Trace = func(e client.Exchange) { traced = e } })
	_, err := put(t, c, "bytes")
	var failed *client.Error
	if !errors.As(err, &failed) || failed.URL != api+"/v8/artifacts/abc" || strings.Contains(fmt.Sprintf("%+v %+v", failed, traced), token) {
		t.Errorf("error %+v, traced %+v", failed, traced)
	}
	target, _ := url.Parse("https://u:p@h/x?teamId=t&slug=s&X-Amz-Signature=secret#frag")
	if got, want := client.RedactForTest(target), "https://h/x?X-Amz-Signature=***&slug=s&teamId=t"; got != want {
		t.Errorf("redacted %s, want %s", got, want)
	}
}

// got is a download as the consumer saw it, attempt by attempt.
type got struct {
	found client.Found
	tries []string
}

func get(t *testing.T, c *client.Client) (got, error) {
	t.Helper()
	var seen got
	err := c.Get(t.Context(), client.Download{ID: "abc", Receive: func(found client.Found, body io.Reader) error {
		text, err := io.ReadAll(body)
		seen.found = found
		seen.tries = append(seen.tries, string(text))
		return err
	}})
	return seen, err
}

// TestGet parses the headers of an artifact. Servers that guess may send any
// type. Text must be made printable, and invalid metadata is dropped.
func TestGet(t *testing.T) {
	t.Parallel()
	type row struct {
		media, body string
		header      []string
		want        artifact.Metadata
	}
	const sha, duration = "X-Artifact-Sha", "X-Artifact-Duration"
	long := strings.Repeat("A", 700)
	rows := map[string]row{
		"all": {"application/octet-stream", "bytes", []string{duration, "12500", "X-Artifact-Tag", "dGFn", sha, "5ca1ab1e", "X-Artifact-Dirty-Hash", "d1"},
			artifact.Metadata{Tag: "dGFn", SHA: "5ca1ab1e", DirtyHash: "d1", Duration: new(12500 * time.Millisecond)}},
		"HTML that was uploaded": {"text/html", "<html>", []string{sha, "5ca1ab1e"}, artifact.Metadata{SHA: "5ca1ab1e"}},
		"text":                   {"text/plain", "<html>", nil, artifact.Metadata{}},
		"no type":                {"", "<html>", nil, artifact.Metadata{}},
		"said to be identical":   {"", "<html>", []string{"Content-Encoding", "identity"}, artifact.Metadata{}},
		"against the rules": {"", "", []string{sha, long, "X-Artifact-Dirty-Hash", "a\u202eb", "X-Artifact-Tag", "no base64 \xff" + long, duration, "-1"},
			artifact.Metadata{Tag: "no base64 ?" + long[:586] + "..."}},
	}
	for text, want := range map[string]time.Duration{
		"0": 0, "1.5": 1500 * time.Microsecond, "9223372036854": 9223372036854 * time.Millisecond, "1e3": time.Second,
	} {
		rows["duration "+text] = row{"", "", []string{duration, text}, artifact.Metadata{Duration: &want}}
	}
	for _, text := range []string{"", "9223372036855", "-1", "NaN", "Inf", "1e300", "soon"} {
		rows["no duration "+text] = row{"", "", []string{duration, text}, artifact.Metadata{}}
	}
	for name, test := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := serve(t, answering(200, test.media, test.body, test.header...), func(o *client.Options) {
				o.Team = artifact.Team{ID: "team_1", Slug: "s"}
			})
			seen, err := get(t, c)
			want := got{client.Found{ID: "abc", Size: int64(len(test.body)), Metadata: test.want}, []string{test.body}}
			if err != nil || !reflect.DeepEqual(seen, want) {
				t.Errorf("%+v, %v, want %+v", seen, err, want)
			}
			checkSent(t, r, "HTTP/1.1 GET /v8/artifacts/abc?slug=s&teamId=team_1 Accept-Encoding: identity Authorization: Bearer the-token User-Agent: test/1")
		})
	}
}

// An error of the consumer ends the download, and a broken body fails even if the
// consumer ignores it.
func TestGetEndsWithItsConsumer(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	r, c := serve(t, answering(200, "", "bytes"), func(o *client.Options) { o.Retries = 3 })
	err := c.Get(t.Context(), client.Download{ID: "abc", Receive: func(client.Found, io.Reader) error { return mine }})
	if err != mine || len(r.all()) != 1 {
		t.Errorf("%v after %d requests", err, len(r.all()))
	}
	api := serveRaw(t, func(conn net.Conn) {
		readHeader(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbytes")
	})
	err = newClient(t, api).Get(t.Context(), client.Download{ID: "abc", Receive: func(_ client.Found, body io.Reader) error {
		_, _ = io.ReadAll(body)
		return nil
	}})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken body that does not matter: %v", err)
	}
}

// BenchmarkPut measures uploads over one connection.
func BenchmarkPut(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	c := must.Get(client.New(client.Options{API: server.URL, Token: token}))(b)
	for _, size := range []int{0, 4 << 10, 1 << 20, 64 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			source := artifact.FromBytes(make([]byte, size))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				must.Get(c.Put(b.Context(), client.Upload{ID: "a", Source: source}))(b)
			}
		})
	}
}
