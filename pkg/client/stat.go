package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// Stat describes an artifact. It uses HEAD, or GET if the server does not support
// HEAD; see [Client.Confirm]. The error is an [*Error], which is [ErrNotFound] if
// the cache does not have the artifact.
func (c *Client) Stat(ctx context.Context, id artifact.ID) (Found, error) {
	if c.noHead.Load() {
		return c.stat(ctx, id, http.MethodGet)
	}
	found, err := c.stat(ctx, id, http.MethodHead)
	var failed *Error
	switch {
	case err == nil && found.Size != 0:
		return found, nil
	case err == nil:
		// The size may be missing, or wrong because the answer has no body.
	case !errors.As(err, &failed) || failed.Method != http.MethodHead:
		return Found{}, err
	case failed.Status == http.StatusMethodNotAllowed || failed.Status == http.StatusNotImplemented:
		c.noHead.Store(true)
	case failed.Status == http.StatusForbidden && failed.redirected:
		// A URL of object storage may be valid for GET only.
		if found, err = c.stat(ctx, id, http.MethodGet); err == nil {
			c.noHead.Store(true)
		}
		return found, err
	default:
		return Found{}, err
	}
	return c.stat(ctx, id, http.MethodGet)
}

// Confirm checks an unexpected size from HEAD or a query with GET, since some
// servers report a wrong one. It reads a body of up to 1 MiB to its end, because
// some servers crash if the client closes the connection. Once both sizes agree,
// later calls return doubtful unchanged.
func (c *Client) Confirm(ctx context.Context, doubtful Found) (Found, error) {
	c.sizes.Lock()
	switch {
	case c.sizes.right:
		c.sizes.Unlock()
		return doubtful, nil
	case c.sizes.wrong:
		c.sizes.Unlock()
		return c.stat(ctx, doubtful.ID, http.MethodGet)
	}
	defer c.sizes.Unlock()
	found, err := c.stat(ctx, doubtful.ID, http.MethodGet)
	switch {
	case err != nil:
		return found, err
	case found.Size < 0: // unknown
		return doubtful, nil
	case found.Size == doubtful.Size:
		c.sizes.right = true
	default:
		c.sizes.wrong = true
		c.noHead.Store(true)
	}
	return found, nil
}

const (
	// maxLeftover is the maximum size of an unwanted body that is read, in bytes.
	maxLeftover = 1 << 20
	// leftoverTime limits the time for it.
	leftoverTime = 10 * time.Second
)

func (c *Client) stat(ctx context.Context, id artifact.ID, method string) (found Found, err error) {
	_, err = c.do(ctx, request{
		doing: "looking up", id: id, method: method,
		target: c.url(api.ArtifactPath(string(id))),
		header: plainBytes(),
		asks:   asksForDownload,
		receive: func(a *answer) (err error) {
			found, err = a.found(id)
			a.discard()
			return err
		},
	})
	return found, err
}

// discard reads a short body to its end. A long one is closed later.
func (a *answer) discard() {
	body := a.TakeBody()
	if a.ContentLength > maxLeftover {
		return
	}
	stop := transport.AfterAwake(leftoverTime, func() { _ = a.Body.Close() })
	defer stop()
	_, _ = io.CopyN(io.Discard, body, maxLeftover)
}
