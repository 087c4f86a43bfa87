package client

import (
	"context"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// RedactForTest is how URLs are shown.
var RedactForTest = transport.Redact

// HurryForTest makes a client that does not wait before it tries again.
func HurryForTest(c *Client) {
	c.retries.sleep = func(context.Context, time.Duration) error { return nil }
}
