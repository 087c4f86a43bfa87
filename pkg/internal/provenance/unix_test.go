//go:build unix

package provenance

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestWhatGitCannotRecord(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	w.remove("a.txt")
	w.must(syscall.Mkfifo(w.path("a.txt"), 0o644))
	w.must(syscall.Mkfifo(w.path("fifo"), 0o644))
	// The path of a socket must be short.
	short, err := os.MkdirTemp("", "s")
	w.must(err)
	t.Cleanup(func() { os.RemoveAll(short) })
	l, err := net.Listen("unix", short+"/s")
	w.must(err)
	t.Cleanup(func() { l.Close() })
	w.remove("dir/b.txt")
	w.must(os.Rename(short+"/s", w.path("dir/b.txt")))
	want := []string{"a.txt|100644 " + blob(t, "a\n") + "||", "dir/b.txt|100644 " + blob(t, "b\n") + "||"}
	if got := w.entries(); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

func TestNamesOfAnyBytes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "darwin" {
		t.Skip("names are UTF-8 here")
	}
	w := baseTree(t)
	w.write("\xff\xfe\n", "b\n")
	w.write("\x80", "b\n")
	want := []string{"\x80||100644 " + blob(t, "b\n") + "|", "\xff\xfe\n||100644 " + blob(t, "b\n") + "|"}
	if got := w.entries(); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

// TestTreeInMotion changes files after git status has listed them: a filter
// does, that runs for the first of them.
func TestTreeInMotion(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	w.write(".git/info/attributes", "0.env filter=move\n")
	w.git("config", "filter.move.clean", "rm -f gone a.txt turned; ln -s x turned; cat")
	for _, name := range []string{"0.env", "gone", "turned", "z"} {
		w.write(name, "b\n")
	}
	w.write("a.txt", "new\n")
	b := blob(t, "b\n")
	want := []string{"0.env||100644 " + b + "|", "a.txt|100644 " + blob(t, "a\n") + "||",
		"turned||120000 " + blob(t, "x") + "|", "z||100644 " + b + "|"}
	if got := w.entries(); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

func TestFailingFilter(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	head := w.revision()
	w.write(".git/info/attributes", "*.env filter=fail\n")
	w.git("config", "filter.fail.clean", "echo noise >&2; yes noise | head -c 1000000 >&2; false")
	w.git("config", "filter.fail.required", "true")
	w.write("x.env", "b\n")
	rev, err := Git(context.Background(), w.dir, w.environ)
	const want = "determining uncommitted changes: git hash-object: x.env: clean filter 'fail' failed"
	if rev != head || err == nil || err.Error() != want {
		t.Errorf("got %+v, %v, want %+v, %s", rev, err, head, want)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	head := w.revision()
	// Whoever has this FIFO open for writing lives.
	fifo := filepath.Join(t.TempDir(), "fifo")
	w.must(syscall.Mkfifo(fifo, 0o600))
	w.write(".git/info/attributes", "*.env filter=wait\n")
	w.git("config", "filter.wait.clean", "exec 3>"+fifo+"; echo started >&3; sleep 10000")
	w.write("x.env", "b\n")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	alive := make(chan error, 1)
	go func() {
		f, err := os.Open(fifo)
		if err == nil {
			defer f.Close()
			r := bufio.NewReader(f)
			_, err = r.ReadString('\n')
			cancel()
			if err == nil {
				_, err = r.ReadByte()
			}
		}
		alive <- err
	}()
	rev, err := Git(ctx, w.dir, w.environ)
	if rev != head || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v, want %+v and that it was cancelled", rev, err, head)
	}
	if err := <-alive; err != io.EOF {
		t.Errorf("the filter was not killed: %v", err)
	}
	if rev, err := Git(ctx, w.dir, w.environ); rev != (Revision{}) || !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %+v, %v", rev, err)
	}
}

// TestAsAnotherUser runs as one that does not own the tree and cannot read all
// of it: root, as tests often run, can.
func TestAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	w := baseTree(t)
	head := w.revision()
	for dir := w.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		w.must(os.Chmod(dir, 0o755))
	}
	program, err := os.Executable()
	w.must(err)
	copied := filepath.Join(t.TempDir(), "helper")
	// Another process writes it: a fork of another test could hold a file of
	// ours open for writing, and then it cannot be run.
	w.must(exec.Command("cp", program, copied).Run())
	w.must(os.Chmod(copied, 0o755))
	w.must(os.Chmod(filepath.Dir(copied), 0o755))
	w.must(os.Chmod(filepath.Dir(filepath.Dir(copied)), 0o755))
	run := func(more ...string) string {
		cmd := helper(t, "git", append(slices.Clone(w.environ), more...), w.dir)
		cmd.Path = copied
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	w.write("secret", "a\n")
	w.chmod("secret", 0)

	want := "{SHA: DirtyHash:} git status: detected dubious ownership in repository at '" + w.dir + "'"
	if got := run(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	safe := []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=" + w.dir}
	want = "{SHA:" + head.SHA + " DirtyHash:} determining uncommitted changes: git hash-object: " +
		"could not open 'secret' for reading: Permission denied"
	if got := run(safe...); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.remove("secret")
	if got, want := run(safe...), "{SHA:"+head.SHA+" DirtyHash:} <nil>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// A repository of another owner inside one's own.
	w.mkdir("in")
	w.at("in").git("init", "-q")
	if got := run(safe...); !strings.HasPrefix(got, "{SHA:"+head.SHA+` DirtyHash:} determining uncommitted changes: in "in": git status: detected dubious ownership`) {
		t.Errorf("got %q", got)
	}
}
