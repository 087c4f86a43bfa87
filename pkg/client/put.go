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
// starts again at a smaller one. Methods may be called from any goroutine, but
// never concurrently, and must return quickly.
type Progress interface {
	// Sent reports that the first n of size bytes were sent. The server may still
	// refuse the upload after the last byte.
	Sent(n, size int64)
	// Received reports that the first n of size bytes came from the network;
	// size is -1 if the server did not announce it.
	Received(n, size int64)
}

// Upload is an artifact to upload.
type Upload struct {
	// ID is the artifact's id, from [artifact.ParseID].
	ID artifact.ID
	// Name is the artifact's name in errors and retries (default: ID).
	Name string
	// Source has the bytes. The caller closes it.
	Source *artifact.Source
	// Metadata describes it.
	Metadata artifact.Metadata
	// Progress, if not nil, observes the sent bytes.
	Progress Progress
}

// Stored is the result of a successful upload.
type Stored struct {
	URLs URLs
	// Attempts is the number of attempts, including the successful one.
	Attempts int
}

// Put uploads one artifact. Each attempt reads the input again, and sends the
// last bytes only if the input is unchanged. Otherwise it closes the connection,
// so that the server never receives a whole body, and the error wraps
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

// stored checks that a successful answer means that the artifact was stored.
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

// URLs are the URLs in the answer to an upload, parsed only when needed.
type URLs []byte

// List returns the URLs, unchecked, if the answer has the documented form. Some
// servers return none.
func (u URLs) List() []string {
	var uploaded api.Uploaded
	if json.Unmarshal(u, &uploaded) != nil {
		return nil
	}
	return uploaded.URLs
}
