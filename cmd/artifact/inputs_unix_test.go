//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell runs a script in a directory with a file that contains hello.
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

// asNobody runs the program as an unprivileged user.
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
		mustDo(t, os.Chmod(reachable, 0o755))
	}
	// Another process writes it: a fork of another test could hold a file of
	// ours open for writing, and then it cannot be run.
	program := cmd.Path
	cmd.Path = filepath.Join(dir, "artifact")
	mustDo(t, errors.Join(exec.Command("cp", program, cmd.Path).Run(), os.Chmod(cmd.Path, 0o755)))
}

// TestForbiddenInputs uploads what can be read in a directory, and names the
// rest.
func TestForbiddenInputs(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]outcome{
		"put secret": {code: 2, stderr: "artifact: reading secret: permission denied\n"},
		"put -q -r .": {code: 2, stdout: helloSHA256 + "\n", stderr: "artifact: 1 failed: it is a link to nowhere, which does not exist\n" +
			"artifact: 1 failed: too many levels of symbolic links\nartifact: 2 failed: permission denied\nartifact: 4 of 5 artifacts failed, 1 uploaded, 1 left out; 6 B in TIME\n" +
			"artifact: reading closed: permission denied\nartifact: reading gone: it is a link to nowhere, which does not exist\n" +
			"artifact: reading loop: too many levels of symbolic links\nartifact: reading secret: permission denied\n"},
	} {
		server := record(t, nil)
		setup := shell(t, "ln -s loop loop; ln -s nowhere gone; ln -s .. above; >secret; mkdir closed; chmod 0 secret closed", nil)
		setup.run(t).check(t, outcome{})
		cmd := call{args: strings.Fields(args), dir: setup.dir, env: server.env()}.command(t)
		asNobody(t, cmd)
		got := finish(t, cmd)
		lines := strings.SplitAfter(elapsed.ReplaceAllString(got.stderr, " in TIME\n"), "\n")
		slices.Sort(lines)
		got.stderr = strings.Join(lines, "")
		got.check(t, want)
		if sent, readable := len(server.all()), strings.Count(want.stdout, "\n"); sent != readable {
			t.Errorf("%s: %d requests came, want %d", args, sent, readable)
		}
	}
}

// TestSparse uploads and downloads a sparse file, and in long tests one over 4
// GiB.
func TestSparse(t *testing.T) {
	t.Parallel()
	size, limit := int64(20<<20), patience
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		size, limit = 4<<30+20<<20, 10*time.Minute
	}
	script := fmt.Sprintf("for at in 0 %d %d %d; do dd if=file of=big bs=1 seek=$at conv=notrunc status=none; done\n", 10<<20, size/2+1, size-6) +
		"artifact put --hash k big && artifact verify --hash k big && artifact stat --json k"
	run := shell(t, `artifact serve --dir cache -- sh -c "$SCRIPT"`, []string{
		"SCRIPT=" + script, "ARTIFACT_NO_GIT=1", "ARTIFACT_INTERACTIVE=0", "ARTIFACT_PROGRESS=never"})
	run.limit = limit
	run.run(t).check(t, outcome{stdout: fmt.Sprintf("k  big\nbig: OK\n"+`{"hash":"k","size":%d,"metadata":{}}`+"\n", size)})
}
