//go:build unix

package provenance

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// killGroup lets the end of cmd's context kill cmd and what it started, not
// cmd alone: a filter can run for long after its git is gone.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
