//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestInputs uploads the same bytes from everything that can hold them.
func TestInputs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string // for sh, with the program as artifact
		name   string // as it is printed
		line   string // the whole line, where it is not "HASH  name"
	}{
		"regular file":         {script: `artifact put file`, name: "file"},
		"symlink":              {script: `ln -s file link; artifact put link`, name: "link"},
		"dash":                 {script: `artifact put - <file`, name: "-"},
		"pipe":                 {script: `cat file | artifact put -`, name: "-"},
		"pipe without name":    {script: `cat file | artifact put`, name: "-"},
		"file without name":    {script: `artifact put <file`, name: "-"},
		"FIFO":                 {script: `mkfifo fifo; cat file >fifo & artifact put fifo; wait`, name: "fifo"},
		"slow pipe":            {script: `(printf hel; sleep 0.05; echo lo) | artifact put -`, name: "-"},
		"standard input's own": {script: `cat file | artifact put /dev/stdin`, name: "/dev/stdin"},
		"leading dash":         {script: `cp file -- -n; artifact put -- -n`, name: "-n"},
		"space and quotes":     {script: `cp file "a 'b"; artifact put "a 'b"`, name: "a 'b"},
		"newline":              {script: `n=$(printf 'a\nb'); cp file "$n"; artifact put "$n"`, line: `\` + helloSHA256 + `  a\nb`},
		"carriage return":      {script: `n=$(printf 'a\rb'); cp file "$n"; artifact put "$n"`, line: `\` + helloSHA256 + `  a\rb`},
		"backslash":            {script: `cp file 'a\b'; artifact put 'a\b'`, line: `\` + helloSHA256 + `  a\\b`},
	}
	if runtime.GOOS == "linux" { // others refuse such a name
		tests["no UTF-8"] = struct{ script, name, line string }{
			script: `n=$(printf 'a\377b'); cp file "$n"; artifact put "$n"`, name: "a\xffb"}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			got := shell(t, test.script, server.env()).run(t)
			line := test.line
			if line == "" {
				line = helloSHA256 + "  " + test.name
			}
			got.check(t, outcome{stdout: line + "\n"})
			request := server.only(t)
			if request.Body != hello || request.Length != int64(len(hello)) || request.Encoding != nil {
				t.Errorf("received %q, length %d, encoding %v", request.Body, request.Length, request.Encoding)
			}
		})
	}
}

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

// TestProcessSubstitution is for what only bash has.
func TestProcessSubstitution(t *testing.T) {
	t.Parallel()
	server := record(t, nil)
	s := shell(t, `artifact put -q <(cat file)`, server.env())
	s.shell = "bash"
	s.run(t).check(t, outcome{stdout: helloSHA256 + "\n"})
	if got := server.only(t).Body; got != hello {
		t.Errorf("received %q", got)
	}
}

// TestEmptyInputs tells an input that was named and is empty from one that
// nobody named.
func TestEmptyInputs(t *testing.T) {
	t.Parallel()
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	forgotten := outcome{code: 2, stderr: "artifact: reading -: it is empty\n" +
		"artifact: hint: Name a FILE, or give - as the name to upload an empty standard input.\n"}
	for script, want := range map[string]outcome{
		`artifact put - </dev/null`: {stdout: empty + "  -\n"},
		`: >e; artifact put e`:      {stdout: empty + "  e\n"},
		`artifact put </dev/null`:   forgotten,
		`: | artifact put`:          forgotten,
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			shell(t, script, server.env()).run(t).check(t, want)
			requests := server.all()
			if want.code != 0 {
				if len(requests) > 0 {
					t.Errorf("sent %v", requests)
				}
				return
			}
			if request := server.only(t); request.Body != "" || request.Length != 0 || request.Header.Get("Content-Length") != "0" {
				t.Errorf("received %+v", request)
			}
		})
	}
}

// TestProcFile uploads a file that says it is empty and is not.
func TestProcFile(t *testing.T) {
	t.Parallel()
	const path = "/proc/version"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Skip(err)
	}
	server := record(t, nil)
	got := call{args: []string{"put", "--hash", "k", path}, env: server.env()}.run(t)
	got.check(t, outcome{stdout: "k  " + path + "\n"})
	if received := server.only(t).Body; received != string(content) {
		t.Errorf("received %q, want %q", received, content)
	}
}

// TestPathsInJSON keeps a name that JSON cannot hold.
func TestPathsInJSON(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("names are UTF-8 here")
	}
	for _, name := range []string{"a\nb", `a\b`, "a\xffb", "ü"} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, name), hello)
		got := call{args: []string{"put", "--json", "--dry-run", name}, dir: dir}.run(t)
		var object struct{ Path, PathBase64 string }
		if err := json.Unmarshal([]byte(got.stdout), &object); err != nil {
			t.Fatalf("%v: %q", err, got.stdout)
		}
		valid := strings.ToValidUTF8(name, "\ufffd")
		want := struct{ Path, PathBase64 string }{Path: valid}
		if valid != name {
			want.PathBase64 = base64.StdEncoding.EncodeToString([]byte(name))
		}
		if object != want {
			t.Errorf("%q: %+v, want %+v", name, object, want)
		}
	}
}

// TestUnreadableInputs sends nothing of what cannot be read.
func TestUnreadableInputs(t *testing.T) {
	t.Parallel()
	const pack = "artifact: hint: Pack it: tar -cf - %s | zstd | artifact put -\nartifact: hint: Or take each file below it: artifact put -r %s\n"
	for script, stderr := range map[string]string{
		`artifact put missing`:                 "artifact: reading missing: no such file or directory\n",
		`ln -s nowhere l; artifact put l`:      "artifact: reading l: no such file or directory\n",
		`ln -s l l; artifact put l`:            "artifact: reading l: too many levels of symbolic links\n",
		`artifact put file/x`:                  "artifact: reading file/x: not a directory\n",
		`artifact put ''`:                      "artifact: the name of the input is empty, as that of a variable that is not set\nartifact: hint: See artifact put --help.\n",
		`mkdir d; artifact put d`:              "artifact: reading d: is a directory\n" + strings.ReplaceAll(pack, "%s", "d"),
		`mkdir "a 'b"; artifact put "a 'b"`:    "artifact: reading a 'b: is a directory\n" + strings.ReplaceAll(pack, "%s", `'a '\''b'`),
		`mkdir -- -d; artifact put -- -d`:      "artifact: reading -d: is a directory\n" + strings.ReplaceAll(pack, "%s", "./-d"),
		`artifact put "$(printf 'e\033[2Jx')"`: "artifact: reading e\\u001b[2Jx: no such file or directory\n",
		`artifact put - <.`:                    "artifact: reading -: read /dev/stdin: is a directory\n",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			shell(t, script, server.env()).run(t).check(t, outcome{code: 2, stderr: stderr})
			if requests := server.all(); len(requests) > 0 {
				t.Errorf("sent %v", requests)
			}
		})
	}
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
