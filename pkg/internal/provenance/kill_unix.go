//go:build unix

package provenance

import (
	"os/exec"
	"syscall"
)

// killGroup makes the end of cmd's context kill cmd and what it started, not cmd
// alone: a filter can run for long after its git is gone.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
