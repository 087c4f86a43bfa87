package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCopyProgram makes a program that runs, as where no link can be made.
func TestCopyProgram(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), linkName())
	if err := copyProgram(program, path); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "-test.run=^$").CombinedOutput(); err != nil {
		t.Errorf("the copy does not run: %v\n%s", err, out)
	}
	if err := copyProgram(program, path); !os.IsExist(err) {
		t.Errorf("what is there was replaced: %v", err)
	}
}
