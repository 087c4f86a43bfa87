package store_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// TestDiskFull runs itself again in a mount namespace of its own, with a disk of
// 1 MiB.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	const within = "ARTIFACT_TEST_OWN_MOUNTS"
	dir := os.Getenv(within)
	if dir == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskFull$", "-test.v")
		again.Env = append(os.Environ(), within+"="+t.TempDir())
		again.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		output, err := again.CombinedOutput()
		if len(output) == 0 || bytes.Contains(output, []byte("no mounts here")) {
			t.Skipf("this system gives no disk to fill: %v %s", err, output)
		}
		if err != nil || !bytes.Contains(output, []byte("--- PASS: TestDiskFull")) {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,nr_inodes=12"); err != nil {
		t.Skipf("no mounts here: %v", err)
	}
	fillDisk(t, filepath.Join(dir, "cache"))
}

func fillDisk(t *testing.T, dir string) {
	d := open(t, dir, store.Options{})
	body := storetest.Bytes(1, 600_000)
	put(t, d, "a", string(body))
	unread := iotest.ErrReader(errors.New("the body was read"))
	for size, want := range map[int64]error{
		600_000: store.ErrFull, 1_000_000: store.ErrFull, 2 << 20: store.ErrTooLarge, 1 << 40: store.ErrTooLarge, 1<<63 - 1: store.ErrTooLarge,
	} {
		if err := d.Put(t.Context(), key("b"), size, storetest.Full(), unread); !errors.Is(err, want) {
			t.Errorf("Put of %d bytes = %v, want %v", size, err, want)
		}
	}
	expectTree(t, dir, "CACHEDIR.TAG", "local/a")
	// There is room, but no inode left for a file.
	var err error
	for i := 0; i < 12 && err == nil; i++ {
		err = d.Put(t.Context(), key(strings.Repeat("i", i+1)), 1, storetest.Full(), strings.NewReader("x"))
	}
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("Put without an inode = %v, want ErrFull", err)
	}
	if got := contents(t, d, "a")["a"]; got != string(body) {
		t.Errorf("what was stored before has %d bytes now", len(got))
	}
}
