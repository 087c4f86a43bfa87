//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestKilledServer keeps what it had, and shows no half of what it was sent.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func() (*exec.Cmd, []string) {
		cmd := call{args: []string{"serve", "--dir", dir}}.command(t)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd, exportedBy(stdout, 3)
	}
	cmd, env := begin()
	call{args: []string{"put", "--hash=whole", "-"}, stdin: strings.NewReader(hello), env: env}.run(t).check(t, outcome{stdout: "whole  -\n"})
	beginUpload(t, env, 4<<20)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()

	_, env = begin()
	for id, status := range map[string]int{"whole": 200, "half": 404} {
		request, err := http.NewRequest(http.MethodGet, strings.TrimPrefix(env[0], "TURBO_API=")+"/v8/artifacts/"+id+"?slug=local", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(env[1], "TURBO_TOKEN="))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s: %d, want %d", id, answer.StatusCode, status)
		}
	}
}

// exportedBy are the first n variables of what is read.
func exportedBy(from io.Reader, n int) []string {
	var env []string
	for lines := bufio.NewScanner(from); len(env) < n && lines.Scan(); {
		env = append(env, strings.TrimPrefix(lines.Text(), "export "))
	}
	return env
}

// beginUpload uploads half of size bytes to the server that env names, and no
// more.
func beginUpload(t *testing.T, env []string, size int64) {
	t.Helper()
	address := strings.TrimPrefix(env[0], "TURBO_API=http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "PUT /v8/artifacts/half?slug=local HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n"+
		"Content-Type: application/octet-stream\r\nExpect: 100-continue\r\n\r\n", address, strings.TrimPrefix(env[1], "TURBO_TOKEN="), size)
	if status, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(status, "100") {
		t.Fatalf("%q, %v", status, err)
	}
	if _, err := io.CopyN(conn, zeros{}, size/2); err != nil {
		t.Fatal(err)
	}
}

// TestServeEndsAsAsked also where a client does not come to its end: a server
// dies of its signal, and with a command the code is the command's.
func TestServeEndsAsAsked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		code int
		said string
	}{
		"signal": {[]string{"serve"}, 143, `^\d\d:\d\d:\d\d PUT .*\nartifact: stopping: requests in flight were cut off\n$`},
		"command": {[]string{"serve", "--", "sh", "-c",
			`trap exit TERM; env | grep -E '^TURBO_(API|TOKEN)=' | sort; while :; do sleep 0.01; done`}, 0, `^$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := call{args: test.args}.command(t)
			var stderr bytes.Buffer
			reader, writer := pipe(t)
			cmd.Stdout, cmd.Stderr = writer, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			writer.Close()
			beginUpload(t, exportedBy(reader, 2), 4<<20)
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := shellCode(cmd.ProcessState); code != test.code || !regexp.MustCompile(test.said).MatchString(stderr.String()) {
				t.Errorf("exit %d, want %d; %q, want %s", code, test.code, stderr.String(), test.said)
			}
		})
	}
}
