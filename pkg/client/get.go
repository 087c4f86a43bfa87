package client

import (
	"context"
	"io"
	"net/http"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// Download is an artifact to download.
type Download struct {
	// ID is the artifact's id, from [artifact.ParseID].
	ID artifact.ID
	// Name is the artifact's name in errors and retries (default: ID).
	Name string
	// Receive reads the artifact's bytes to the end. If the connection breaks, it
	// is called again, from the first byte. Its error ends the download.
	Receive func(found Found, body io.Reader) error
	// Progress, if not nil, observes the received bytes.
	Progress Progress
}

// Get downloads an artifact, and checks only its length. It returns the error of
// [Download.Receive], or an [*Error], which is [ErrNotFound] if the cache does
// not have the artifact.
func (c *Client) Get(ctx context.Context, download Download) error {
	var own error // of Receive
	_, err := c.do(ctx, request{
		doing: "downloading", id: download.ID, name: download.Name, method: http.MethodGet,
		target: c.url(api.ArtifactPath(string(download.ID))),
		header: plainBytes(),
		asks:   asksForDownload,
		receive: func(a *answer) error {
			found, err := a.found(download.ID)
			if err != nil {
				return err
			}
			body := &incoming{body: a.TakeBody(), size: found.Size, progress: download.Progress}
			err = download.Receive(found, body)
			if body.err != nil { // even if Receive ignored it
				return reply.Broken(body.err)
			}
			own = err
			return err
		},
	})
	if own != nil {
		return own
	}
	return err
}

// plainBytes returns the headers without which a proxy may compress an artifact (RFC
// 9110, section 12.5.3).
func plainBytes() http.Header { return http.Header{"Accept-Encoding": {"identity"}} }

// incoming is the body of a download. It keeps the error that ended it.
type incoming struct {
	body     io.Reader
	n, size  int64
	progress Progress
	err      error
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.n += int64(n)
	if b.progress != nil {
		b.progress.Received(b.n, b.size)
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
