//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

var stopping = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}

// started is a running program.
type started struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func start(t *testing.T, cmd *exec.Cmd) *started {
	t.Helper()
	s := &started{Cmd: cmd}
	cmd.Stdout, cmd.Stderr = &s.stdout, &s.stderr
	mustDo(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// wait waits for a program's end.
func (s *started) wait() outcome {
	_ = s.Wait()
	return outcome{shellCode(s.ProcessState), s.stdout.String(), s.stderr.String()}
}

// end waits for a program and compares its outcome.
func (s *started) end(t *testing.T, want outcome) {
	t.Helper()
	s.wait().check(t, want)
}

// stuck is a cache that reads half of a body, reports that on the channel, and
// never answers.
func stuck(t *testing.T) (*recorder, <-chan struct{}) {
	t.Helper()
	reached, over := make(chan struct{}, 1), make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		select {
		case reached <- struct{}{}:
		case <-over:
		}
		<-over // net/http does not see that the program is gone
	})
	t.Cleanup(func() { close(over) })
	return server, reached
}

// busy is a cache that asks for a retry in ten seconds, and reports that on the
// channel.
func busy(t *testing.T) (*recorder, <-chan struct{}) {
	t.Helper()
	reached := make(chan struct{}, 2) // of as many tries as the tests allow
	return record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "10")
		w.WriteHeader(http.StatusServiceUnavailable)
		reached <- struct{}{}
	}), reached
}

// TestSignals interrupts the program while it waits for a server: it dies of the
// signal, and leaves nothing behind.
func TestSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		for wait, test := range map[string]struct {
			server func(*testing.T) (*recorder, <-chan struct{})
			args   []string
			size   int64
		}{
			"uploading":         {stuck, []string{"put", "--json", "-"}, 32 << 20},
			"waiting, tolerant": {stuck, []string{"put", "--warn-only", "-"}, 6},
			"retrying":          {busy, []string{"put", "-q", "--retries=1", "-"}, 6},
		} {
			t.Run(wait+"/"+name, func(t *testing.T) {
				t.Parallel()
				server, reached := test.server(t)
				tmp := t.TempDir()
				running := start(t, call{args: test.args, stdin: io.LimitReader(zeros{}, test.size), env: append(server.env(), "TMPDIR="+tmp)}.command(t))
				await(t, reached)
				send(t, running, sig)
				_ = running.Wait()
				want := outcome{code: 128 + int(sig)}
				if wait == "uploading" {
					want.stdout = running.stdout.String() // a record, or not
				}
				running.end(t, want)
				empty(t, tmp)
			})
		}
	}
}

func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

func send(t *testing.T, running *started, sig syscall.Signal) {
	t.Helper()
	mustDo(t, running.Process.Signal(sig))
}

// await waits for a report, such as that a request has reached a server.
func await[T any](t *testing.T, reported <-chan T) T {
	t.Helper()
	var report T
	select {
	case report = <-reported:
	case <-time.After(patience):
		t.Fatal("waited in vain")
	}
	return report
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}
