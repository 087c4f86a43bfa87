package command

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/internal/identity"
)

// TestAbandonedCommand ends the identity of a command that is abandoned after a signal,
// whatever that command still does.
func TestAbandonedCommand(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(Interrupt{syscall.SIGINT}) })
	blocked := make(chan struct{})
	defer close(blocked)
	code, stdout, stderr := capture(t, nil, func(env Env) int {
		env.Args = []string{"block"}
		a := &app{env: env, streams: env.openStreams()}
		root := newRootCommand(a)
		root.AddCommand(&cobra.Command{Use: "block", RunE: func(*cobra.Command, []string) error {
			a.identity.Store(new(identity.Identity))
			<-blocked
			return nil
		}})
		return a.run(ctx, root)
	})
	if code != exitSignal+int(syscall.SIGINT) || stdout != "" || stderr != "" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
