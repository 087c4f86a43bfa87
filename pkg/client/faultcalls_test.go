package client_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

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
	if err := c.store.Put(t.Context(), store.Key{ID: "abc"}, int64(len(content)), metadata, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}
