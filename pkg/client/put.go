package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// Progress observes a request's body. n is an absolute offset: a new attempt
// starts again at a smaller one. Calls may come from any goroutine, but never two
// at once, and must return quickly.
type Progress interface {
	// Sent reports that the first n of size bytes were handed to the network.
	// The server may still refuse an upload of which all bytes were sent.
	Sent(n, size int64)
	// Received reports that the first n of size bytes came from the network;
	// size is -1 if the server did not announce it.
	Received(n, size int64)
}

// Upload is one artifact to be stored.
type Upload struct {
	// ID is what it is stored under, as [artifact.ParseID] made it.
	ID artifact.ID
	// Name is what errors and reports of further tries call it; the ID where it
	// is empty.
	Name string
	// Source gives its bytes. It stays the caller's to close.
	Source *artifact.Source
	// Metadata describes it.
	Metadata artifact.Metadata
	// Progress, if not nil, observes the sent bytes.
	Progress Progress
}

// Stored is what became of an upload that the server accepted.
type Stored struct {
	URLs URLs
	// Attempts counts the tries, the successful one among them.
	Attempts int
}

// Put uploads one artifact. Each try reads the input anew, and lets the last
// bytes go only while it is unchanged: else the connection is broken off, so
// that the server never has a whole body, and the error wraps
// [artifact.ErrChanged].
//
// The error is an [*Error], or wraps [ErrInvalidMetadata], in which case
// nothing was sent.
func (c *Client) Put(ctx context.Context, upload Upload) (*Stored, error) {
	header, err := uploadHeader(upload.Metadata)
	if err != nil {
		return nil, err
	}
	var stored Stored
	attempts, err := c.do(ctx, request{
		doing: "uploading", id: upload.ID, name: upload.Name, method: http.MethodPut,
		target: c.url(api.ArtifactPath(string(upload.ID))),
		header: header,
		asks:   asksForUpload,
		body:   upload.Source, progress: upload.Progress,
		receive: func(a *answer) (err error) {
			stored.URLs, err = a.stored()
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	stored.Attempts = attempts
	return &stored, nil
}

// stored checks that a successful answer means a stored artifact.
func (a *answer) stored() (URLs, error) {
	text, err := a.Beginning()
	switch {
	case err != nil:
		return nil, err
	case a.StatusCode == http.StatusPartialContent || a.LooksLikePage() || isChallenge(a.Header):
		return nil, ErrNotRemoteCache
	case reply.ReportsError(text):
		return nil, ErrReported
	case !transport.Delivered(a.Response):
		return nil, ErrAnsweredEarly
	}
	return text, nil
}

// URLs are those in the answer to an upload, which few ask for: so they are read
// when they are.
type URLs []byte

// List reads them where the answer has the documented form, unchecked; some
// servers give none.
func (u URLs) List() []string {
	var uploaded api.Uploaded
	if json.Unmarshal(u, &uploaded) != nil {
		return nil
	}
	return uploaded.URLs
}
