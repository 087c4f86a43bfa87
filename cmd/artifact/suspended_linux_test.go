package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSuspended suspends the program (Ctrl-Z) for twice the stall timeout, in the
// middle of the body and while it waits for the answer. It must then continue.
func TestSuspended(t *testing.T) {
	t.Parallel()
	const size = 16 << 20 // more than all buffers on the way hold
	for name, part := range map[string]int64{"in the body": size / 2, "before the answer": size} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached, resumed := make(chan struct{}, 1), make(chan struct{})
			resume := sync.OnceFunc(func() { close(resumed) })
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n, _ := io.CopyN(io.Discard, r.Body, part)
				reached <- struct{}{}
				<-resumed
				m, err := io.Copy(io.Discard, r.Body)
				if err != nil || n+m != size {
					t.Errorf("received %d bytes: %v", n+m, err)
				}
				w.WriteHeader(http.StatusAccepted)
			})
			t.Cleanup(resume)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file"), strings.Repeat("x", size))
			running := start(t, call{
				args: []string{"put", "-q", "--hash=k", "--stall-timeout=2s", "--answer-timeout=2s", "file"},
				env:  server.env(), dir: dir,
			}.command(t))
			await(t, reached)
			suspend(t, running) // what it waits for does not come before
			time.Sleep(4 * time.Second)
			send(t, running, syscall.SIGCONT)
			time.Sleep(time.Second / 2) // for a clock that counted to be noticed
			resume()
			running.end(t, outcome{stdout: "k\n"})
		})
	}
}

// suspend stops a program, and waits until it has stopped.
func suspend(t *testing.T, running *started) {
	t.Helper()
	send(t, running, syscall.SIGSTOP)
	var info unix.Siginfo
	mustDo(t, unix.Waitid(unix.P_PID, running.Process.Pid, &info, unix.WSTOPPED|unix.WNOWAIT, nil))
}
