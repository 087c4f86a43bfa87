//go:build unix

package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestSharedDirectory reads nothing from a directory that everybody can write to,
// such as /tmp, even without a repository below it.
func TestSharedDirectory(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, texts{
		"shared/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example"}}`, "shared/own/x": "",
	}, nil)
	for mode, want := range map[os.FileMode]string{0o777 | os.ModeSticky: "", 0o755: "https://evil.example"} {
		must.Do(t, os.Chmod(filepath.Join(s.root, "shared"), mode))
		if got, err := s.resolver("shared/own", Flags{}).Resolve(); err != nil || got.API != want {
			t.Errorf("%v: %+v, %v", mode, got, err)
		}
	}
}
