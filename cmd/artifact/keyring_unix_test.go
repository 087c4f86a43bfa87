//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHangingKeyring gives up on a D-Bus that accepts connections but never
// answers, and does not use it if not needed.
func TestHangingKeyring(t *testing.T) {
	t.Parallel()
	env, connected := hangingBus(t)
	cache, me := guarded(t), newPerson(t)
	me.call([]string{"login", "--with-token", "--api", cache.URL}, token, env).run(t).check(t, outcome{code: 3,
		stderr: "artifact: the token cannot be stored: the keyring of the operating system: it does not answer within 3s\n" +
			"artifact: hint: Unlock the keyring, or set ARTIFACT_TOKEN. Without a keyring: artifact login --insecure-storage stores in a file.\n"})
	await(t, connected)
	if sent := cache.all(); len(sent) != 0 {
		t.Errorf("a token that cannot be stored was sent: %+v", sent)
	}

	// As if it had hung only after the login.
	mustDo(t, os.MkdirAll(filepath.Dir(me.path("x")), 0o700))
	writeFile(t, me.path("login.json"), fmt.Sprintf(`{"defaultApi":%q,"accounts":{%q:{"api":%q,"storage":"keyring"}}}`, cache.URL, cache.URL, cache.URL))
	other := record(t, nil)
	for _, args := range [][]string{
		{"put", "-q", "--no-git", "--dry-run", "-"},
		{"put", "-q", "--no-git", "--api", other.URL, "-"}, // no login there
	} {
		if got := me.call(args, hello, env).run(t); got.code != 0 && got.code != 3 {
			t.Errorf("%v: %+v", args, got)
		}
	}
	me.call([]string{"put", "-q", "--no-git", "-"}, hello, env, "TURBO_TOKEN="+token).run(t).check(t, outcome{stdout: helloSHA256 + "\n"})
	if len(connected) != 0 {
		t.Error("the keyring was called for nothing")
	}
	begin := time.Now()
	got := me.call([]string{"put", "--no-git", "-"}, hello, env).run(t)
	if got.code != 3 || !strings.Contains(got.stderr, "it does not answer within 3s") {
		t.Errorf("%+v after %v", got, time.Since(begin))
	}
}

// hangingBus is a D-Bus that accepts connections, which it reports, but never
// answers.
func hangingBus(t *testing.T) (env string, connected <-chan struct{}) {
	t.Helper()
	dir := must(os.MkdirTemp("", "bus"))(t) // a socket's path is short
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	bus := must(net.Listen("unix", filepath.Join(dir, "bus")))(t)
	t.Cleanup(func() { _ = bus.Close() })
	calls := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := bus.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() }) // never answered
			calls <- struct{}{}
		}
	}()
	return "DBUS_SESSION_BUS_ADDRESS=unix:path=" + filepath.Join(dir, "bus"), calls
}
