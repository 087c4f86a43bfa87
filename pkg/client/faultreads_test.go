package client_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// faultsOfGet are those of a download, most of them in the middle of it.
func faultsOfGet() []fault {
	get := faultsOf(http.MethodGet, large, whole)
	chunks := func(text string) mishap { // which break off
		return alone(func(conn net.Conn) {
			readHeader(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+text)
		})
	}
	of := func(err error) expectation { return expectation{passes: true, status: http.StatusOK, err: err} }
	torn := expectation{passes: true, status: http.StatusOK, text: `reading the server's answer: .*connection reset by peer`}
	return append(faultsOfAll(http.MethodGet),
		get("limit_data in the middle", through(nil, &toxics.LimitDataToxic{Bytes: large / 2}), of(io.ErrUnexpectedEOF)),
		get("a reset in the middle", reset(nil, &toxics.LimitDataToxic{Bytes: large / 2}), torn),
		get("closed before the first byte", through(nil, inBody(0, closes)), of(io.ErrUnexpectedEOF)),
		get("closed before the last byte", through(nil, inBody(large-1, closes)), of(io.ErrUnexpectedEOF)),
		get("held before the first byte", through(nil, inBody(0, holds)), of(client.ErrStalled)),
		get("held in the middle", through(nil, inBody(large/2, holds)), of(client.ErrStalled)),
		get("the last byte swallowed", through(nil, inBody(large-1, swallows)), of(client.ErrStalled)),
		get("within a chunk", chunks("5\r\nbyt"), of(io.ErrUnexpectedEOF)),
		get("without a last chunk", chunks("5\r\nbytes\r\n"), of(io.ErrUnexpectedEOF)),
		get("a broken chunk", chunks("zz\r\nbytes\r\n"), expectation{passes: true, status: http.StatusOK, text: ".*invalid byte in chunk length"}),
		slow(http.MethodGet, "little bandwidth", 100_000, nil, &toxics.BandwidthToxic{Rate: 500}),
		slow(http.MethodGet, "slicer back", 2000, nil, &toxics.SlicerToxic{AverageSize: 20, Delay: 100}),
		get("a page to sign in at", instead(200, "Content-Type: text/html\r\n"), refused(8, 200, client.ErrNotRemoteCache)),
		get("a proxy compresses", instead(200, "Content-Encoding: gzip\r\n"), refused(8, 200, client.ErrEncoded)),
		get("a part", instead(206, ""), refused(8, 206, client.ErrNotRemoteCache)),
		get("404 from a proxy", instead(404, ""), refused(6, 404, nil)),
	)
}

// faultsOfQuestions are those of HEAD and of the batch query.
func faultsOfQuestions() []fault {
	head, query := faultsOf(http.MethodHead, small, whole), faultsOf(http.MethodPost, small, whole)
	of := func(err error) expectation { return expectation{passes: true, status: http.StatusOK, err: err} }
	return append(append(faultsOfAll(http.MethodHead), faultsOfAll(http.MethodPost)...),
		head("404 from a proxy", instead(404, ""), refused(6, 404, nil)),
		head("a page to sign in at", instead(200, "Content-Type: text/html\r\n"), refused(8, 200, client.ErrNotRemoteCache)),
		query("closed in the question", through(inBody(10, closes), nil), broken(nil)),
		query("held in the question", through(inBody(10, holds), nil), broken(client.ErrNoAnswer)),
		query("closed before the answer's body", through(nil, inBody(0, closes)), of(io.ErrUnexpectedEOF)),
		query("closed in the answer's body", through(nil, inBody(10, closes)), of(io.ErrUnexpectedEOF)),
		query("held in the answer's body", through(nil, inBody(10, holds)), of(client.ErrStalled)),
		query("403 from a proxy", instead(403, ""), refused(5, 403, nil)),
	)
}

// apiCall is one of the client's, which is given the artifact's content and
// reports a success that is none.
type apiCall struct {
	doing string
	make  func(t *testing.T, c *client.Client, content []byte) error
}

// calls are those of the table, by their method.
var calls = map[string]apiCall{
	http.MethodPut: {"uploading abc", func(t *testing.T, c *client.Client, content []byte) error {
		metadata := artifact.Metadata{CI: "X", Duration: new(time.Second)}
		_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(content), Metadata: metadata})
		return err
	}},
	http.MethodGet: {"downloading abc", func(t *testing.T, c *client.Client, content []byte) error {
		var got []byte
		err := c.Get(t.Context(), client.Download{ID: "abc", Receive: func(_ client.Found, body io.Reader) (err error) {
			got, err = io.ReadAll(body)
			return err
		}})
		if err == nil && !bytes.Equal(got, content) {
			t.Errorf("%d wrong bytes came", len(got))
		}
		return err
	}},
	http.MethodHead: {"looking up abc", func(t *testing.T, c *client.Client, content []byte) error {
		found, err := c.Stat(t.Context(), "abc")
		if err == nil && (found.ID != "abc" || found.Size != int64(len(content))) {
			t.Errorf("found %+v", found)
		}
		return err
	}},
	http.MethodPost: {"asking which artifacts are there", func(t *testing.T, c *client.Client, content []byte) error {
		answers, err := c.Query(t.Context(), []artifact.ID{"missing", "abc"})
		if err == nil && (len(answers) != 2 || answers[0].Presence != client.Missing ||
			answers[1].Presence != client.Present || answers[1].Found.Size != int64(len(content))) {
			t.Errorf("answers %+v", answers)
		}
		return err
	}},
}

// fill stores the artifact that is asked for.
func (c *cache) fill(t *testing.T, content []byte) {
	t.Helper()
	metadata := artifact.Metadata{CI: "X", Duration: new(time.Second)}
	must.Do(t, c.store.Put(t.Context(), store.Key{ID: "abc"}, int64(len(content)), metadata, bytes.NewReader(content)))
}
