package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/progress"
)

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
	// Describe, where it is not nil, is asked for the metadata instead,
	// once for each try when the connection stands, so that it may find it
	// out meanwhile. It must return when its context ends. What it gives is
	// sent only if all of it is within the API's limits, else none is.
	Describe func(context.Context) artifact.Metadata
	// Progress, where it is not nil, is told how many bytes were sent.
	Progress progress.Tracker
}

// Stored is what became of an upload that the server accepted.
type Stored struct {
	URLs URLs
	// Metadata is what was sent.
	Metadata artifact.Metadata
	// Attempts counts the tries, the successful one among them.
	Attempts int
}

// uploadHeader is what every upload has. It is only read.
var uploadHeader = http.Header{"Content-Type": {api.ContentType}}

// Put uploads one artifact. Each try reads the input anew, and lets the last
// bytes go only while it is unchanged: else the connection is broken off, so
// that the server never has a whole body, and the error wraps
// [artifact.ErrChanged].
//
// The error is an [*Error], or wraps [ErrInvalidMetadata], in which case
// nothing was sent.
func (c *Client) Put(ctx context.Context, upload Upload) (*Stored, error) {
	if upload.Progress == nil {
		upload.Progress = progress.None{}
	}
	if upload.Describe == nil {
		upload.Describe = func(context.Context) artifact.Metadata { return upload.Metadata }
		if err := CheckMetadata(upload.Metadata); err != nil {
			return nil, err
		}
	}
	var stored Stored
	attempts, err := c.do(ctx, request{
		doing: "uploading", id: upload.ID, name: upload.Name, method: http.MethodPut,
		target: c.url(api.ArtifactPath(string(upload.ID))),
		header: uploadHeader,
		asks:   asksForUpload,
		late: func(ctx context.Context) iter.Seq2[string, string] {
			stored.Metadata = upload.Describe(ctx)
			if CheckMetadata(stored.Metadata) != nil {
				stored.Metadata = artifact.Metadata{} // too late to refuse: see Describe
			}
			return metadataHeaders(stored.Metadata)
		},
		body: func() body { return newSending(upload.Source, upload.Progress) },
		receive: func(a *answer, sent body) (err error) {
			stored.URLs, err = a.stored(sent)
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
func (a *answer) stored(sent body) (URLs, error) {
	text, err := a.beginning()
	switch {
	case err != nil:
		return nil, err
	case a.StatusCode == http.StatusPartialContent || a.looksLikePage() || isChallenge(a.Header):
		return nil, ErrNotRemoteCache
	case reportsError(text):
		return nil, ErrReported
	case !sent.complete():
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
