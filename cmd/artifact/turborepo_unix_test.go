//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestLoginAtTurborepoRemoteCache checks tokens where the status of the cache is
// "enabled" to anybody.
func TestLoginAtTurborepoRemoteCache(t *testing.T) {
	t.Parallel()
	program, err := filepath.Abs("../../testdata/interop/node_modules/.bin/turborepo-remote-cache")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("run npm ci in testdata/interop:", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil { // it has to listen by itself
		t.Fatal(err)
	}
	server := exec.Command(program)
	server.Dir = t.TempDir()
	server.Env = []string{
		"PATH=" + os.Getenv("PATH"), "AUTH_MODE=static", "TURBO_TOKEN=" + token, "HOST=127.0.0.1",
		fmt.Sprint("PORT=", address.Port), "STORAGE_PATH=" + t.TempDir(), "STORAGE_PATH_USE_TMP_FOLDER=false", "LOG_LEVEL=silent",
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it was killed
	})
	for { // until it listens, or the test's time is up
		conn, err := net.Dial("tcp", address.String())
		if err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	api, me := "http://"+address.String(), newPerson(t)
	args := []string{"login", "--with-token", "--insecure-storage", "--team", "acme", "--api", api}
	me.call(args, "wrong-token-1").run(t).check(t, outcome{code: 3,
		stderr: "artifact: the token is refused: the server answered 401 Unauthorized: Invalid authorization token\nNothing was stored.\n"})
	me.call(args, token).run(t).check(t, outcome{stderr: "Logged in to " + api + "\nTeam: acme\nRemote Caching is enabled there.\n"})
	me.call([]string{"put", "-q", "--no-git", "-"}, hello).run(t).check(t, outcome{stdout: helloSHA256 + "\n"})
	me.call([]string{"status", "-q"}, "", "ARTIFACT_TOKEN=wrong-token-1").run(t).check(t, outcome{code: 3,
		stderr: "artifact: the token is refused: the server answered 401 Unauthorized: Invalid authorization token\n" +
			"It comes from ARTIFACT_TOKEN. artifact login stores another one.\n"})
}
