//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// guarded is an empty cache that requires the token.
func guarded(t *testing.T) *recorder {
	t.Helper()
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"code":"unauthorized","message":"Not you."}}`)
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusAccepted)
		case strings.HasPrefix(r.URL.Path, "/v8/artifacts/status"):
			fmt.Fprint(w, `{"status":"enabled"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

// person is a user with a home directory.
type person struct{ home string }

func newPerson(t *testing.T) person { return person{t.TempDir()} }

// call is a call by that person.
func (p person) call(args []string, stdin string, env ...string) call {
	return call{args: args, stdin: strings.NewReader(stdin), env: append([]string{"HOME=" + p.home}, env...)}
}

func (p person) path(name string) string { return filepath.Join(p.home, ".config/artifact", name) }

// TestHomes works in homes that are not one's own.
func TestHomes(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("takes root, to become somebody else")
	}
	cache := guarded(t)
	nobody := func(home, stdin string, env []string, args ...string) outcome {
		c := call{args: args, stdin: strings.NewReader(stdin), env: append(env, "HOME="+home)}
		cmd := c.command(t)
		asNobody(t, cmd)
		return finish(t, cmd)
	}
	readOnly := must(os.MkdirTemp("", "home"))(t) // below nothing that is closed to others
	t.Cleanup(func() { _ = os.RemoveAll(readOnly) })
	mustDo(t, os.Chmod(readOnly, 0o755))
	got := nobody(readOnly, token, nil, "login", "--with-token", "--insecure-storage", "--api", cache.URL)
	got.check(t, outcome{code: 2, stderr: "artifact: making " + readOnly + "/.config/artifact: permission denied\n"})
	if sent := cache.all(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
	// As under sudo -u, with root's HOME: its files cannot be read, and are not
	// missed.
	closed := t.TempDir()
	for _, name := range []string{".config/artifact/login.json", ".config/turborepo/config.json", ".local/share/com.vercel.cli/auth.json"} {
		writeFile(t, filepath.Join(closed, name), "broken")
	}
	mustDo(t, os.Chmod(closed, 0o700))
	nobody(closed, hello, cache.env(), "put", "-q", "--no-git", "-").check(t, outcome{stdout: helloSHA256 + "\n"})
	if got := nobody(closed, hello, []string{"ARTIFACT_API=" + cache.URL}, "put", "-q", "--no-git", "-"); got.code != 3 {
		t.Errorf("%+v", got)
	}
	for _, home := range []string{"", "/nonexistent", readOnly} {
		nobody(home, hello, cache.env(), "put", "-q", "--no-git", "-").check(t, outcome{stdout: helloSHA256 + "\n"})
		nobody(home, "", nil, "logout", "--all").check(t, outcome{stderr: "Nothing was stored.\n"})
	}
}

// detach removes the controlling terminal, if the tests have one.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// TestLoginAtTurborepoRemoteCache checks tokens at a server that reports
// "enabled" to everyone.
func TestLoginAtTurborepoRemoteCache(t *testing.T) {
	t.Parallel()
	api, me := turborepoRemoteCache(t).api, newPerson(t)
	args := []string{"login", "--with-token", "--insecure-storage", "--team", "acme", "--api", api}
	me.call(args, "wrong-token-1").run(t).check(t, outcome{code: 3,
		stderr: "artifact: the server refused the token: the server answered 401 Unauthorized: Invalid authorization token\nartifact: hint: Nothing was stored.\n"})
	me.call(args, token).run(t).check(t, outcome{stderr: "Logged in to " + api + "\nTeam: acme\nRemote Caching is enabled there.\n"})
	me.call([]string{"put", "-q", "--no-git", "-"}, hello).run(t).check(t, outcome{stdout: helloSHA256 + "\n"})
	me.call([]string{"status", "-q"}, "", "ARTIFACT_TOKEN=wrong-token-1").run(t).check(t, outcome{code: 3,
		stderr: "artifact: the server refused the token: the server answered 401 Unauthorized: Invalid authorization token\n" +
			"artifact: hint: It comes from ARTIFACT_TOKEN. Run artifact login to store another one.\n"})
}
