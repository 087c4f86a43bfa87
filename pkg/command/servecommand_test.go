package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestCopyProgram copies the program, as if no link could be made, and runs it.
func TestCopyProgram(t *testing.T) {
	t.Parallel()
	program := must.Get(os.Executable())(t)
	path := filepath.Join(t.TempDir(), linkName())
	must.Do(t, copyProgram(program, path))
	if out, err := exec.Command(path, "-test.run=^$").CombinedOutput(); err != nil {
		t.Errorf("the copy does not run: %v\n%s", err, out)
	}
	if err := copyProgram(program, path); !os.IsExist(err) {
		t.Errorf("what is there was replaced: %v", err)
	}
}
