//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// shell runs a script beside a file with the bytes of hello.
func shell(t *testing.T, script string, env []string) shellCall {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), hello)
	return shellCall{script: script, call: call{dir: dir, env: env}, shell: "sh"}
}

// shellCall is a script that runs the program.
type shellCall struct {
	call
	script, shell string
}

func (s shellCall) command(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := s.call.command(t)
	path, err := exec.LookPath(s.shell)
	if err != nil {
		t.Skip(err)
	}
	cmd.Path, cmd.Args, cmd.Err = path, []string{s.shell, "-c", s.script}, nil
	return cmd
}

func (s shellCall) run(t *testing.T) outcome {
	t.Helper()
	return finish(t, s.command(t))
}

// asNobody runs the program as a user for whom permissions count.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	// The program and its directories lie in private ones.
	dir := t.TempDir()
	for _, reachable := range []string{filepath.Dir(dir), dir, filepath.Dir(cmd.Dir), cmd.Dir} {
		if err := os.Chmod(reachable, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Another process writes it: a fork of another test could hold a file of
	// ours open for writing, and then it cannot be run.
	program := cmd.Path
	cmd.Path = filepath.Join(dir, "artifact")
	if err := errors.Join(exec.Command("cp", program, cmd.Path).Run(), os.Chmod(cmd.Path, 0o755)); err != nil {
		t.Fatal(err)
	}
}

func TestForbiddenInput(t *testing.T) {
	t.Parallel()
	server := record(t, nil)
	dir := t.TempDir()
	if err := os.Chmod(writeFile(t, filepath.Join(dir, "secret"), hello), 0); err != nil {
		t.Fatal(err)
	}
	cmd := call{args: []string{"put", "secret"}, dir: dir, env: server.env()}.command(t)
	asNobody(t, cmd)
	finish(t, cmd).check(t, outcome{code: 2, stderr: "artifact: reading secret: permission denied\n"})
	if requests := server.all(); len(requests) > 0 {
		t.Errorf("sent %v", requests)
	}
}
