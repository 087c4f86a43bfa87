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

// Stat asks what the cache knows of an artifact, without its bytes. Where the
// server has no HEAD it is asked with a GET; see [Client.Confirm]. The error is an
// [*Error], which is [ErrNotFound] where the cache does not have the artifact.
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
		// It may be empty, or the length of an answer without a body.
	case !errors.As(err, &failed) || failed.Method != http.MethodHead:
		return Found{}, err
	case failed.Status == http.StatusMethodNotAllowed || failed.Status == http.StatusNotImplemented:
		c.noHead.Store(true)
	case failed.Status == http.StatusForbidden && failed.redirected:
		// A place in object storage may be open to GET only.
		if found, err = c.stat(ctx, id, http.MethodGet); err == nil {
			c.noHead.Store(true)
		}
		return found, err
	default:
		return Found{}, err
	}
	return c.stat(ctx, id, http.MethodGet)
}

// Confirm asks again for an artifact whose size, as HEAD or a query gave it, is
// not the expected one: some servers give a wrong one there. It sends a GET, and
// takes up to 1 MiB of the answer's body, because a server may not survive that
// its answer is cut off; a longer body is. Once both agree, later calls return
// what they are given.
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
	case found.Size < 0: // it tells nothing
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
	// maxLeftover is how much of an artifact is read that nobody wants, in bytes.
	maxLeftover = 1 << 20
	// leftoverTime is how long that may take.
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

// discard reads a short body to its end. A long one is cut off when the answer is
// closed.
func (a *answer) discard() {
	body := a.TakeBody()
	if a.ContentLength > maxLeftover {
		return
	}
	stop := transport.AfterAwake(leftoverTime, func() { _ = a.Body.Close() })
	defer stop()
	_, _ = io.CopyN(io.Discard, body, maxLeftover)
}
