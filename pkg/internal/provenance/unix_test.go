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

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestWhatGitCannotRecord(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	head := w.revision()
	must.Do(w, syscall.Mkfifo(w.path("fifo"), 0o644))
	// The path of a socket must be short.
	short := must.Get(os.MkdirTemp("", "s"))(w)
	t.Cleanup(func() { os.RemoveAll(short) })
	l := must.Get(net.Listen("unix", short+"/s"))(w)
	t.Cleanup(func() { l.Close() })
	must.Do(w, os.Rename(short+"/s", w.path("dir/socket")))
	if got := w.revision(); got != head {
		t.Errorf("untracked: %+v, want %+v", got, head)
	}
	w.remove("a.txt")
	must.Do(w, syscall.Mkfifo(w.path("a.txt"), 0o644))
	rev, err := ask(context.Background(), w.dir, w.environ)
	const want = "determining uncommitted changes: git diff: cannot hash a.txt"
	if rev != head || err == nil || err.Error() != want {
		t.Errorf("in place of a file: %+v, %v, want %s", rev, err, want)
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
	if got, want := w.revision().DirtyHash, w.formula([]string{"\x80", "\xff\xfe\n"}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFailingFilter(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	w.write("x.env", "a\n")
	w.commit()
	w.write(".git/info/attributes", "*.env filter=fail\n")
	w.git("config", "filter.fail.clean", "echo noise >&2; yes noise | head -c 1000000 >&2; false")
	w.git("config", "filter.fail.required", "true")
	w.write("x.env", "b\n")
	rev, err := ask(context.Background(), w.dir, w.environ)
	const want = "git status: x.env: clean filter 'fail' failed"
	if rev != (Revision{}) || err == nil || err.Error() != want {
		t.Errorf("got %+v, %v, want %s", rev, err, want)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	w.write("x.env", "a\n")
	w.commit()
	// A process lives while it has this FIFO open for writing.
	fifo := filepath.Join(t.TempDir(), "fifo")
	must.Do(w, syscall.Mkfifo(fifo, 0o600))
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
				_, err = io.Copy(io.Discard, r) // both gits run it
			}
		}
		alive <- err
	}()
	if rev, err := ask(ctx, w.dir, w.environ); rev != (Revision{}) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v, want that it was cancelled", rev, err)
	}
	if err := <-alive; err != nil {
		t.Errorf("the filter was not killed: %v", err)
	}
	if rev, err := ask(ctx, w.dir, w.environ); rev != (Revision{}) || !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %+v, %v", rev, err)
	}
}

// TestAsAnotherUser runs as a user who does not own the tree and cannot read all
// of it, unlike root.
func TestAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	w := baseTree(t)
	head := w.revision()
	for dir := w.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		must.Do(w, os.Chmod(dir, 0o755))
	}
	program := must.Get(os.Executable())(w)
	copied := filepath.Join(t.TempDir(), "helper")
	// Another process writes it: a fork of another test could hold a file of
	// ours open for writing, and then it cannot be run.
	must.Do(w, exec.Command("cp", program, copied).Run())
	must.Do(w, os.Chmod(copied, 0o755))
	must.Do(w, os.Chmod(filepath.Dir(copied), 0o755))
	must.Do(w, os.Chmod(filepath.Dir(filepath.Dir(copied)), 0o755))
	run := func(more ...string) string {
		cmd := exec.Command(copied, w.dir)
		// The race detector would sleep for a second at the end.
		cmd.Env = append(slices.Clone(w.environ), append(more, helperVariable+"=1", "GORACE=atexit_sleep_ms=0")...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return string(must.Get(cmd.Output())(t))
	}
	w.write("secret", "a\n")
	w.chmod("secret", 0)

	want := "{SHA: DirtyHash:} git status: detected dubious ownership in repository at '" + w.dir + "'"
	if got := run(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	safe := []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=" + w.dir}
	must.Do(w, os.Chmod(w.path("a.txt"), 0))
	w.write("a.txt", "new\n") // as root
	want = "{SHA:" + head.SHA + " DirtyHash:} determining uncommitted changes: git diff: " +
		"cannot hash a.txt"
	if got := run(safe...); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	must.Do(w, os.Chmod(w.path("a.txt"), 0o644))
	w.write("a.txt", "a\n")
	if got, want := run(safe...), "{SHA:"+head.SHA+" DirtyHash:"+w.formula([]string{"secret"})+"} <nil>"; got != want {
		t.Errorf("an untracked file counts by its name: got %q, want %q", got, want)
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
