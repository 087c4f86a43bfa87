package store_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// TestNoLinks runs itself again, where linkat fails as it does on FAT: a write-once
// store does not open, and any other does.
func TestNoLinks(t *testing.T) {
	t.Parallel()
	const within = "ARTIFACT_TEST_NO_LINKS"
	dir := os.Getenv(within)
	if dir == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoLinks$", "-test.v")
		again.Env = append(os.Environ(), within+"="+t.TempDir())
		output, err := again.CombinedOutput()
		if err != nil || !bytes.Contains(output, []byte("--- PASS: TestNoLinks")) {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	forbidLinks(t)
	_, err := store.Open(dir, store.Options{WriteOnce: true})
	if !errors.Is(err, store.ErrNoLinks) || !strings.Contains(err.Error(), "linkat") || strings.Contains(err.Error(), "\n") {
		t.Errorf("Open = %v, want ErrNoLinks with the reason", err)
	}
	d := open(t, dir, store.Options{})
	put(t, d, "a", "body")
	expectContents(t, d, map[string]string{"a": "body"})
	expectTree(t, dir, "CACHEDIR.TAG", "local/a")
}

// forbidLinks makes linkat fail with EPERM in all threads.
func forbidLinks(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_LINKAT},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	must.Do(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // 4
	_, _, err := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if err != 0 {
		t.Fatal(err)
	}
}
