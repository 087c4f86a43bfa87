package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

// TestExplainBrokenConnection explains what net/http wraps in errors without a type,
// if the connection ends before the body does.
func TestExplainBrokenConnection(t *testing.T) {
	t.Parallel()
	c := new(Client)
	broken := func(cause error) error {
		return fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", cause)
	}
	required := &net.OpError{Op: "remote error", Err: tls.AlertError(116)}
	if got := c.explain(broken(required)); !errors.Is(got, ErrCertificateWanted) {
		t.Errorf("%v, want %v", got, ErrCertificateWanted)
	}
	reset := &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
	if got := c.explain(broken(reset)).Error(); got != reset.Error() {
		t.Errorf("%q, want %q", got, reset)
	}
}
