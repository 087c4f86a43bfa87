//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var stopping = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}

// started is a program under way.
type started struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func start(t *testing.T, cmd *exec.Cmd) *started {
	t.Helper()
	s := &started{Cmd: cmd}
	cmd.Stdout, cmd.Stderr = &s.stdout, &s.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// end waits for a program and compares what it leaves behind.
func (s *started) end(t *testing.T, want outcome) {
	t.Helper()
	_ = s.Wait()
	outcome{shellCode(s.ProcessState), s.stdout.String(), s.stderr.String()}.check(t, want)
}

// stuck is a cache that reads half of what is announced and never answers.
// The channel tells that it is there.
// The body is never read to its end.
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

// TestSignals stops the program in each of its waits: it dies of the signal,
// says nothing, and leaves nothing behind.
func TestSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		died := outcome{code: 128 + int(sig)}
		t.Run("reading/"+name, func(t *testing.T) {
			t.Parallel()
			reader, writer := pipe(t)
			tmp := t.TempDir()
			cmd := call{args: []string{"put", "-"}, env: append(record(t, nil).env(), "TMPDIR="+tmp)}.command(t)
			cmd.Stdin = reader
			running := start(t, cmd)
			// More than the pipe and the memory for streams hold: it reads.
			if _, err := io.CopyN(writer, zeros{}, 4<<20); err != nil {
				t.Fatal(err)
			}
			send(t, running, sig)
			running.end(t, died)
			empty(t, tmp)
		})
		t.Run("opening/"+name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fifo := filepath.Join(dir, "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			running := start(t, call{args: []string{"put", "fifo"}, dir: dir, env: record(t, nil).env()}.command(t))
			// Nothing tells that it waits for a writer; before that it dies
			// of the signal as any program does.
			send(t, running, sig)
			running.end(t, died)
		})
		t.Run("uploading/"+name, func(t *testing.T) {
			t.Parallel()
			server, reached := stuck(t)
			tmp := t.TempDir()
			running := start(t, call{args: []string{"put", "--json", "-"}, stdin: io.LimitReader(zeros{}, 32<<20),
				env: append(server.env(), "TMPDIR="+tmp)}.command(t))
			<-reached
			send(t, running, sig)
			_ = running.Wait()
			if got := shellCode(running.ProcessState); got != died.code || running.stderr.Len() > 0 {
				t.Errorf("exit %d, %q", got, running.stderr.String())
			}
			empty(t, tmp)
		})
		t.Run("retrying/"+name, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{}, 1)
			server := record(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "10")
				w.WriteHeader(http.StatusServiceUnavailable)
				reached <- struct{}{}
			})
			running := start(t, call{args: []string{"put", "--retries=1", "-"}, stdin: strings.NewReader(hello), env: server.env()}.command(t))
			<-reached
			send(t, running, sig)
			_ = running.Wait()
			if got := shellCode(running.ProcessState); got != died.code {
				t.Errorf("exit %d, want %d", got, died.code)
			}
		})
		t.Run("waiting, tolerant/"+name, func(t *testing.T) {
			t.Parallel()
			server, reached := stuck(t)
			running := start(t, call{args: []string{"put", "--warn-only", "-"}, stdin: strings.NewReader(hello), env: server.env()}.command(t))
			<-reached
			send(t, running, sig)
			running.end(t, died)
		})
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
	if err := running.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// TestShellLoopStops is why the program dies of the signal: a shell goes on
// after a program that exits, whatever its code.
func TestShellLoopStops(t *testing.T) {
	t.Parallel()
	for _, shellName := range []string{"sh", "bash"} {
		t.Run(shellName, func(t *testing.T) {
			t.Parallel()
			server, reached := stuck(t)
			s := shell(t, `for i in 1 2 3; do artifact put file; echo "after $?"; done`, server.env())
			s.shell = shellName
			cmd := s.command(t)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			running := start(t, cmd)
			<-reached
			// As the terminal does it: to shell and program alike.
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			running.end(t, outcome{code: 128 + int(syscall.SIGINT)})
		})
	}
}

// TestIgnoredSignals keeps what nohup and background jobs of a shell script
// ignore. Of SIGTERM the Go runtime does not tell.
func TestIgnoredSignals(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"HUP", "INT"} {
		sig := stopping[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached, release := make(chan struct{}, 1), make(chan struct{})
			server := record(t, func(w http.ResponseWriter, _ *http.Request) {
				reached <- struct{}{}
				<-release
				w.WriteHeader(http.StatusAccepted)
			})
			running := start(t, shell(t, `trap '' `+name+`; exec artifact put file`, server.env()).command(t))
			<-reached
			send(t, running, sig)
			close(release)
			running.end(t, outcome{stdout: helloSHA256 + "  file\n"})
		})
	}
}
