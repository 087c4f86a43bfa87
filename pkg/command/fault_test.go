package command

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/transfer"
)

const faultCanary = "canary-sesame"

// faulty panics when it is read.
type faulty struct{}

func (faulty) Read([]byte) (int, error) { panic("with " + faultCanary + " in it") }

// TestFault checks that a panic in any goroutine ends the run with an exit code,
// with the results so far, and without printing a secret.
func TestFault(t *testing.T) {
	t.Parallel()
	const sumOfOne = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
	inputs := func(yield func(transfer.Input, error) bool) {
		for i, stream := range []io.Reader{faulty{}, strings.NewReader("1")} {
			if !yield(transfer.Input{Path: fmt.Sprint("in", i), Algorithm: transfer.SHA256, Stream: stream}, nil) {
				return
			}
		}
	}
	broken := func(yield func(transfer.Input, error) bool) { _, _ = faulty{}.Read(nil) }
	for name, test := range map[string]struct {
		run            func(*app, *cobra.Command) error
		stdout, stderr string
	}{
		"the command": {
			func(*app, *cobra.Command) error { _, err := faulty{}.Read(nil); return err },
			"", "artifact: a bug in this program: with *** in it\n",
		},
		"an entry of a list": {
			func(a *app, cmd *cobra.Command) error {
				o := putOptions{listOptions: listOptions{jobs: 2}}
				return a.putAll(cmd.Context(), transfer.Uploader{DryRun: true, SpoolDir: t.TempDir()}, inputs, o)
			},
			sumOfOne + "  in1\n", "artifact: reading in0: a bug in this program: with *** in it\n",
		},
		"a list": {
			func(a *app, cmd *cobra.Command) error {
				o := putOptions{listOptions: listOptions{jobs: 2}}
				return a.putAll(cmd.Context(), transfer.Uploader{DryRun: true}, broken, o)
			},
			"", "artifact: a bug in this program: with *** in it\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := capture(t, nil, func(env Env) int {
				env.Args = []string{"explode"}
				a := &app{env: env, streams: env.openStreams()}
				a.hide(faultCanary)
				root := newRootCommand(a)
				root.AddCommand(&cobra.Command{Use: "explode", RunE: func(cmd *cobra.Command, _ []string) error { return test.run(a, cmd) }})
				return a.run(t.Context(), root)
			})
			if code != exitFault || stdout != test.stdout || !strings.HasPrefix(stderr, test.stderr) ||
				!strings.Contains(stderr, "fault_test.go") || strings.Contains(stderr, "sesame") {
				t.Errorf("exit %d, %q\n%s", code, stdout, stderr)
			}
		})
	}
}
