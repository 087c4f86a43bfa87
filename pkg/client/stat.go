package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// Stat asks what the cache knows of an artifact, without its bytes. Where the
// server has no HEAD it is asked with a GET that is closed at its headers. The
// error is an [*Error], which is [ErrNotFound] where the cache does not have
// the artifact.
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

func (c *Client) stat(ctx context.Context, id artifact.ID, method string) (found Found, err error) {
	_, err = c.do(ctx, request{
		doing: "looking up", id: id, method: method,
		target: c.url(api.ArtifactPath(string(id))),
		header: plainBytes(),
		asks:   asksForDownload,
		receive: func(a *answer) (err error) {
			a.takeBody() // left where it is: closing the answer ends it
			found, err = a.found(id)
			return err
		},
	})
	return found, err
}
