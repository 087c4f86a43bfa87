package client

import (
	"context"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// RedactForTest is how URLs are shown.
var RedactForTest = transport.Redact

// SkipPausesForTest lets a client try again at once.
func SkipPausesForTest(c *Client) {
	c.retries.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
}

// MayPassForTest tells whether an error is tried again.
func MayPassForTest(e *Error) bool { return e.mayPass() }
