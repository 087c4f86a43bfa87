//go:build !unix

package provenance

import "os/exec"

// killGroup does nothing: the end of its context kills cmd, and what cmd started
// ends when its pipes break.
func killGroup(*exec.Cmd) {}
