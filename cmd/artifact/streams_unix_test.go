//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// empty tells what a directory holds that should hold nothing.
func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("left behind: %s", entry.Name())
	}
}

// TestSpool looks into TMPDIR while a stream is kept there: the space is used,
// and no name is to be seen.
func TestSpool(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	tmp := t.TempDir()
	server := record(t, nil)
	cmd := call{args: []string{"put", "-q", "--hash=k", "-"}, env: append(server.env(), "TMPDIR="+tmp)}.command(t)
	// A pipe of our own: os/exec would copy on a goroutine, and take what the
	// program has not read yet for read.
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = reader
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if _, err := io.CopyN(writer, zeros{}, size); err != nil { // the pipe holds far less than that
		t.Fatal(err)
	}
	empty(t, tmp)
	if target, ok := openBelow(t, cmd.Process.Pid, tmp); !ok {
		t.Error("no file in TMPDIR is open")
	} else if !strings.HasSuffix(target, " (deleted)") {
		t.Errorf("%s has a name", target)
	}
	writer.Close()
	if err := cmd.Wait(); err != nil || stdout.String() != "k\n" {
		t.Errorf("%v: %q, %q", err, stdout.String(), stderr.String())
	}
	if got := server.only(t); got.Length != size || len(got.Body) != size {
		t.Errorf("received %d of %d bytes", len(got.Body), got.Length)
	}
	empty(t, tmp)
}

// openBelow finds a file that a process has open in dir, where the system
// tells.
func openBelow(t *testing.T, pid int, dir string) (string, bool) {
	t.Helper()
	descriptors := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(descriptors)
	if err != nil {
		return " (deleted)", true // no such directory on this system
	}
	for _, entry := range entries {
		target, _ := os.Readlink(filepath.Join(descriptors, entry.Name()))
		if strings.HasPrefix(target, dir+"/") {
			return target, true
		}
	}
	return "", false
}

// TestNoRoom sends nothing of a stream that cannot be kept.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	for script, why := range map[string]string{
		// In blocks of 512 bytes or 1 KiB, by the shell.
		`ulimit -f 3000; head -c 8000000 /dev/zero | artifact put -`:                 "file too large",
		`head -c 8000000 /dev/zero | TMPDIR=$PWD/missing artifact put -`:             "no such file or directory",
		`head -c 8000000 /dev/zero | TMPDIR=$PWD/file artifact put --dry-run - || :`: "not a directory",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			got := shell(t, script, server.env()).run(t)
			if strings.HasSuffix(script, ":") {
				got.code = 2
			}
			got.checkNotKept(t, why)
			if requests := server.all(); len(requests) > 0 {
				t.Errorf("sent %v", requests)
			}
		})
	}
}

// checkNotKept wants the error of a stream that could not be kept.
func (o outcome) checkNotKept(t *testing.T, why string) {
	t.Helper()
	lines := strings.SplitAfter(o.stderr, "\n")
	if !strings.HasPrefix(lines[0], "artifact: reading -: keeping the stream in a temporary file in ") ||
		!strings.HasSuffix(lines[0], ": "+why+"\n") || len(lines) != 3 ||
		lines[1] != "artifact: hint: Set TMPDIR to a directory with room for the whole stream.\n" || o.stdout != "" || o.code != 2 {
		t.Errorf("%+v, want that there is no room: %s", o, why)
	}
}

// TestFullDevice fails where results cannot be written.
func TestFullDevice(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	const why = "artifact: writing the results: write /dev/stdout: no space left on device\n"
	for _, script := range []string{
		`artifact put file >/dev/full`, `artifact put --json file >/dev/full`, `artifact put -q file >/dev/full`,
		`artifact put --dry-run file >/dev/full`, `artifact version >/dev/full`, `artifact --version >/dev/full`,
		`artifact >/dev/full`, `artifact help environment >/dev/full`, `artifact serve --dir d >/dev/full`,
		`artifact completion bash >/dev/full`,
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			shell(t, script, record(t, nil).env()).run(t).check(t, outcome{code: 1, stderr: why})
		})
	}
	// Standard error may fail: nobody is left to be told.
	shell(t, `artifact put -v file 2>/dev/full`, record(t, nil).env()).run(t).check(t, outcome{stdout: helloSHA256 + "  file\n"})
}

// TestClosedStreams neither fails nor writes into a file that got the number.
func TestClosedStreams(t *testing.T) {
	t.Parallel()
	server := record(t, nil)
	s := shell(t, `artifact put file >&-; a=$?; artifact put -v file 2>&-; b=$?; artifact put file <&- >&- 2>&-; echo $a $b $?; cat file`, server.env())
	s.run(t).check(t, outcome{stdout: helloSHA256 + "  file\n0 0 0\n" + hello})
}

// TestClosedStreamsOfVerbs ends every verb as it does with streams, which Go
// opens /dev/null for. A fault of the program would be 2.
func TestClosedStreamsOfVerbs(t *testing.T) {
	t.Parallel()
	const script = `for verb in "put -" "put -q --hash k file" "verify --hash k file" "stat k" "get k" "get -o got k" "get none" "status" "version" "serve -- true"; do
artifact $verb <&- >&- 2>&-; printf '%s: %d\n' "$verb" $?
done; cmp file got`
	s := shell(t, `exec artifact serve -- sh -c "$SCRIPT"`, []string{"SCRIPT=" + script})
	s.run(t).check(t, outcome{stdout: "put -: 0\nput -q --hash k file: 0\nverify --hash k file: 0\nstat k: 0\nget k: 0\nget -o got k: 0\n" +
		"get none: 6\nstatus: 0\nversion: 0\nserve -- true: 0\n"})
}

// TestBrokenPipe ends as a program does that does not catch the signal.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	cmd := shell(t, `exec artifact put file`, record(t, nil).env()).command(t)
	cmd.Stdout = writer
	finish(t, cmd).check(t, outcome{code: 128 + int(syscall.SIGPIPE)})
}

// TestChangeDuringUpload has the input changed when the server has read half of
// it, in every way that can be noticed.
func TestChangeDuringUpload(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // more than all buffers on the way hold
	for name, test := range map[string]struct {
		change func(path string) error
		why    string
	}{
		"written to": {func(path string) error {
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = file.WriteAt([]byte("x"), size/4) // read already
			return err
		}, "its times moved"},
		"grown":     {func(path string) error { return os.Truncate(path, size+1) }, fmt.Sprintf("it had %d bytes, and has %d", size, size+1)},
		"mode":      {func(path string) error { return os.Chmod(path, 0o640) }, "its times moved"},
		"replaced":  {func(path string) error { return replace(path, size) }, ""},
		"removed":   {os.Remove, ""},
		"truncated": {func(path string) error { return os.Truncate(path, 1) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, size); err != nil {
				t.Fatal(err)
			}
			received := make(chan error, 1)
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.CopyN(io.Discard, r.Body, size/2)
				if err := test.change(path); err != nil {
					t.Error(err)
				}
				_, err := io.Copy(io.Discard, r.Body)
				received <- err
			})
			got := call{args: []string{"put", "--hash=k", "file"}, env: server.env(), dir: dir}.run(t)
			begin := "artifact: uploading file: the input changed while it was read: " + test.why
			if got.code != 7 || got.stdout != "" || !strings.HasPrefix(got.stderr, begin) ||
				!strings.HasSuffix(got.stderr, "\nartifact: hint: The cache does not hold it. Run the upload again when nothing writes to the file.\n") {
				t.Errorf("%+v", got)
			}
			if err := <-received; err == nil {
				t.Error("the server received a whole body")
			}
		})
	}
}

// replace puts another file of the same size in a file's place.
func replace(path string, size int64) error {
	other := path + "~"
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(other, size); err != nil {
		return err
	}
	return os.Rename(other, path)
}
