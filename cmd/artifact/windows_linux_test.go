package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestWindows runs the stories of testdata/script once more, and those of
// testdata/wine, with artifact.exe under wine. A story's cache is the program for
// Linux.
func TestWindows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bin := wineBin(t, dir)
	params := stories(true)
	for _, pattern := range []string{scripts + "/*.txtar", "../../testdata/wine/*.txtar"} {
		found := must(filepath.Glob(pattern))(t)
		for _, path := range found {
			if notUnderWine[strings.TrimSuffix(filepath.Base(path), ".txtar")] == "" {
				params.Files = append(params.Files, path)
			}
		}
	}
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
		env.Setenv("PROGRAM", filepath.Join(dir, "artifact.exe"))
		return isolate(env)
	}
	testscript.RunT(oneByOne{t}, params)
	if left := streamsBelow(t, filepath.Join(dir, "prefix/drive_c/users")); len(left) > 0 {
		t.Errorf("streams left files: %q", left)
	}
	t.Run("change", func(t *testing.T) { putWhileItChanges(t, bin) })
}

// notUnderWine are stories that need what wine or Windows lacks.
var notUnderWine = map[string]string{
	"dirty":            "git",
	"few_descriptors":  "ulimit",
	"files_refused":    "links to nowhere, which wine takes for no files",
	"full_device":      "/dev/full",
	"get_targets":      "modes",
	"giving_up":        "all of a list in one query, for which wine opens files too slowly",
	"hostile_names":    "names that Windows refuses",
	"keyring":          "D-Bus",
	"login":            "a home of its own",
	"login_check":      "a home of its own",
	"login_refused":    "a home of its own",
	"oidc_github":      "artifact.exe as a command of artifact serve",
	"oidc_none":        "shell scripts that are programs",
	"put_inputs":       "FIFOs, and a newline in a name",
	"put_json":         "what Linux says of a missing file",
	"put_usage":        "arguments that are not UTF-8",
	"readme_try":       "a store that is opened twice: wine 8 cannot remove its lock through os.Root",
	"revision":         "git",
	"serve_listen":     "a store that is opened twice",
	"serve_max_age":    "a store that is opened twice",
	"serve_write_once": "a store that is opened twice",
	"settings":         "more commands than it starts in reasonable time",
	"skip_existing":    "all of a list in one query, for which wine opens files too slowly",
	"spool":            "the names of open files",
	"token_hidden":     "a store that is opened twice",
	"troubleshooting":  "a store that is opened twice",
}

// oneByOne runs stories one after another, since they share wine's home
// directory.
type oneByOne struct{ *testing.T }

func (oneByOne) Parallel()     {}
func (oneByOne) Verbose() bool { return testing.Verbose() }

func (t oneByOne) Run(name string, story func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { story(oneByOne{t}) })
}

// wineBin creates a program artifact in dir that runs artifact.exe, and returns
// its directory. wine's processes end with the test.
func wineBin(t *testing.T, dir string) string {
	t.Helper()
	wine, server := installed(t, "wine64"), installed(t, "wineserver")
	compiler, err := exec.LookPath("x86_64-w64-mingw32-gcc")
	if err != nil {
		t.Skip("no gcc-mingw-w64-x86-64-win32: ", err)
	}
	prefix := filepath.Join(dir, "prefix")
	// Debian's wine looks for its server in TMPDIR.
	environment := []string{"WINEPREFIX=" + prefix, "WINEDEBUG=fixme-all", "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8"}
	run := func(environment []string, name string, args ...string) {
		t.Helper()
		// Its output goes nowhere: what wine starts holds it open.
		cmd := exec.Command(name, args...)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, environment...)
		if err := cmd.Run(); err != nil {
			t.Fatal(cmd, ": ", err)
		}
	}
	t.Cleanup(func() { run(environment, server, "-k") })
	run(environment, wine, "wineboot", "-i")
	// What wine runs beside the program stays between commands, which takes each
	// a second or two less. It cannot make the prefix.
	run(environment, server, "-w")
	run(environment, server, "-p")
	library := filepath.Join(prefix, "drive_c/windows/system32/bcryptprimitives.dll")
	if _, err := os.Stat(library); err != nil {
		run(nil, compiler, "-shared", "-o", library, "../../testdata/wine/bcryptprimitives.c", "-ladvapi32")
	}
	program := filepath.Join(dir, "artifact.exe")
	run(append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"), "go", "build", "-o", program, ".")
	run(environment, wine, program, "version")
	bin := filepath.Join(dir, "bin")
	mustDo(t, os.Mkdir(bin, 0o700))
	script := fmt.Sprintf(wineScript, strings.Join(environment, "' '"), wine, program)
	writeProgram(t, filepath.Join(bin, "artifact"), script)
	return bin
}

// wineScript runs a program under wine, and again if wine fails to start because
// the kernel's random layout occupies an address that it needs. It filters wine's
// own messages.
const wineScript = `#!/bin/sh
exec 3>&1
run=$(mktemp -d) || exit
trap 'rm -r "$run"' EXIT
unmapped='failed to map the shared user data'
while
	{
		timeout -k 1 60 env '%s' '%s' '%s' "$@" 2>&1 >&3 3>&-
		echo $? >"$run/code"
	} | tee "$run/err" | grep -av --line-buffered -e "$unmapped" -e '^wine client error:' >&2
	grep -q "$unmapped" "$run/err"
do :; done
exit "$(cat "$run/code")"
`

// streamsBelow returns the temporary files of streams.
func streamsBelow(t *testing.T, dir string) (left []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && strings.HasPrefix(entry.Name(), "artifact-") {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return left
}

// putWhileItChanges truncates a file when the server has read half of it.
func putWhileItChanges(t *testing.T, bin string) {
	t.Helper()
	const size = 32 << 20
	dir := t.TempDir()
	path := writeFile(t, filepath.Join(dir, "file"), "")
	mustDo(t, os.Truncate(path, size))
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, size/2)
		if err := os.Truncate(path, 11); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})
	cmd := call{args: []string{"put", "file"}, env: server.env(), dir: dir}.command(t)
	cmd.Path = filepath.Join(bin, "artifact")
	finish(t, cmd).check(t, outcome{code: 7, stderr: "artifact: uploading file: the input changed while it was read: its size changed from 33554432 to 11 bytes\n" +
		"artifact: hint: The cache does not have it. Run the upload again when no program writes to the file.\n"})
}
