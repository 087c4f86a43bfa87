package command

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestFault ends a run that panics as any other: with an exit code, and without
// a secret in what is printed.
func TestFault(t *testing.T) {
	t.Parallel()
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	a := &app{env: Env{
		Stdout: stderr, Stderr: stderr, Args: []string{"explode"},
		LookupEnv: func(string) (string, bool) { return "", false },
	}}
	a.streams = a.env.openStreams()
	a.hide("canary-51f0")
	root := newRootCommand(a)
	root.AddCommand(&cobra.Command{Use: "explode", Run: func(*cobra.Command, []string) { panic("with canary-51f0 in it") }})
	code := a.run(t.Context(), root)
	if _, err := stderr.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text)
	if code != exitFault || !strings.HasPrefix(shown, "artifact: a fault of this program: with *** in it\n") ||
		!strings.Contains(shown, "fault_test.go") || strings.Contains(shown, "51f0") {
		t.Errorf("exit %d\n%s", code, shown)
	}
}
