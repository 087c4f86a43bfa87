package client

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/progress"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// Upload is one artifact to be stored.
type Upload struct {
	// ID is what it is stored under, as [artifact.ParseID] made it.
	ID artifact.ID
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
	// URLs are those of the answer, unchecked; some servers give none.
	URLs []string
	// Metadata is what was sent.
	Metadata artifact.Metadata
}

// maxRedirects is how often an upload follows the server to another place.
const maxRedirects = 5

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
		if err := checkMetadata(upload.Metadata); err != nil {
			return nil, err
		}
	}
	target := c.url(api.ArtifactPath(string(upload.ID)))
	for redirects := 0; ; redirects++ {
		stored, next, err := c.putOnce(ctx, target, upload)
		if next == nil || err != nil {
			return stored, err
		}
		if redirects == maxRedirects {
			return nil, failure(upload.ID, target, ErrTooManyRedirects)
		}
		target = next
	}
}

// putOnce makes one request. Where the server names another place for it, that
// is returned and nothing else.
func (c *Client) putOnce(ctx context.Context, target *url.URL, upload Upload) (*Stored, *url.URL, error) {
	var metadata artifact.Metadata
	late := transport.WithLateHeaders(ctx, func(header http.Header) {
		metadata = upload.Describe(ctx)
		if checkMetadata(metadata) != nil {
			metadata = artifact.Metadata{} // too late to refuse: see Describe
		}
		setMetadata(header, metadata)
	})
	req, err := http.NewRequestWithContext(late, http.MethodPut, target.String(), nil)
	if err != nil {
		return nil, nil, failure(upload.ID, target, err)
	}
	req.Header.Set("Content-Type", api.ContentType)
	sending := newSending(upload.Source, upload.Progress)
	if err := sending.attach(req); err != nil {
		return nil, nil, failure(upload.ID, target, err)
	}
	resp, err := c.way.RoundTrip(req)
	if err != nil {
		return nil, nil, failure(upload.ID, target, cmp.Or(sending.refusal(), context.Cause(ctx), err))
	}
	answer, err := readAnswer(resp, c.token)
	if err != nil {
		return nil, nil, failure(upload.ID, target, err)
	}
	if next, err := answer.redirect(); next != nil || err != nil {
		return nil, next, answer.failure(upload.ID, err)
	}
	if err := answer.check(sending.complete()); err != nil {
		return nil, nil, answer.failure(upload.ID, err)
	}
	return &Stored{URLs: answer.urls(), Metadata: metadata}, nil, nil
}
