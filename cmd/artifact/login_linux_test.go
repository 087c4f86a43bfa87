package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// conversation is a program that asks on its terminal, with other standard
// streams.
type conversation struct {
	t              *testing.T
	cmd            *exec.Cmd
	outside        *os.File
	seen           []byte
	stdout, stderr bytes.Buffer
}

// converse starts a program with a terminal of its own.
func converse(t *testing.T, cmd *exec.Cmd) *conversation {
	t.Helper()
	c := &conversation{t: t, cmd: cmd}
	var inside *os.File
	c.outside, inside = terminal(t, 80)
	if cmd.Stdout = &c.stdout; cmd.Stderr == nil {
		cmd.Stderr = &c.stderr
	}
	cmd.ExtraFiles = []*os.File{inside}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	mustDo(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	inside.Close()
	return c
}

// expect reads the terminal until text was shown.
func (c *conversation) expect(text string) {
	c.t.Helper()
	piece := make([]byte, 1024)
	for !bytes.Contains(c.seen, []byte(text)) {
		n, err := c.outside.Read(piece)
		c.seen = append(c.seen, piece[:n]...)
		if err != nil {
			c.t.Fatalf("waiting for %q, saw %q: %v; on standard error: %s", text, c.seen, err, c.end().stderr)
		}
	}
}

// echoes reports whether the terminal echoes.
func (c *conversation) echoes() bool {
	c.t.Helper()
	state, err := unix.IoctlGetTermios(int(c.outside.Fd()), unix.TCGETS)
	if err != nil {
		c.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func (c *conversation) write(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.outside, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// end waits for the program and the rest of its output.
func (c *conversation) end() outcome {
	_ = c.cmd.Wait()
	rest, _ := io.ReadAll(c.outside)
	c.seen = append(c.seen, rest...)
	return outcome{shellCode(c.cmd.ProcessState), c.stdout.String(), c.stderr.String()}
}

// TestPrompt asks on the terminal, even if standard input is a pipe, and does not
// echo.
func TestPrompt(t *testing.T) {
	t.Parallel()
	for name, stdin := range map[string]io.Reader{"a pipe": strings.NewReader("not this"), "nothing": nil} {
		cache, me := guarded(t), newPerson(t)
		call := me.call([]string{"login", "--insecure-storage", "--api", cache.URL}, "")
		call.stdin = stdin
		c := converse(t, call.command(t))
		c.expect("Token (not shown): ")
		if c.echoes() {
			t.Errorf("%s: the terminal shows what is typed at the prompt", name)
		}
		c.write(token)
		got := c.end()
		got.check(t, outcome{stderr: "Logging in to " + cache.URL + "\n" +
			"Ask the server's operator for a token. (For turborepo-remote-cache, use a value of its TURBO_TOKEN.)\n" +
			"Logged in to " + cache.URL + "\nRemote Caching is enabled there.\n"})
		if string(c.seen) != "Token (not shown): \r\n" {
			t.Errorf("%s: the terminal showed %q", name, c.seen)
		}
		me.call([]string{"status", "-q"}, "").run(t).check(t, outcome{stdout: "enabled\n"})
	}
}

// TestTypingAhead does not echo a token that is typed before the first word on
// the screen.
func TestTypingAhead(t *testing.T) {
	t.Parallel()
	reader, writer := pipe(t)
	const full = 4096
	must(unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, full))(t)
	must(writer.Write(make([]byte, full)))(t)
	cmd := newPerson(t).call([]string{"login", "--insecure-storage", "--retries=0", "--api", "http://127.0.0.1:1"}, "").command(t)
	cmd.Stderr = writer
	c := converse(t, cmd)
	writer.Close()
	until(t, func() bool { return !c.echoes() })
	c.write(token)
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	if got := c.end(); got.code != 9 || strings.Contains(string(c.seen), token) {
		t.Errorf("exit %d, %q", got.code, c.seen)
	}
}

// TestPromptInterrupted restores the terminal.
func TestPromptInterrupted(t *testing.T) {
	t.Parallel()
	me := newPerson(t)
	c := converse(t, me.call([]string{"login", "--insecure-storage", "--api", "http://127.0.0.1:1"}, "").command(t))
	c.expect("Token (not shown): ")
	if _, err := c.outside.Write([]byte{3}); err != nil { // what Ctrl-C sends
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	if code := shellCode(c.cmd.ProcessState); code != 130 || !c.echoes() {
		t.Errorf("exit %d, and the terminal echoes: %v", code, c.echoes())
	}
}

// TestPromptLeft ends what is typed before anything was, as Ctrl-D does.
func TestPromptLeft(t *testing.T) {
	t.Parallel()
	c := converse(t, newPerson(t).call([]string{"login", "--insecure-storage", "--api", "http://127.0.0.1:1"}, "").command(t))
	c.expect("Token (not shown): ")
	if _, err := c.outside.Write([]byte{4}); err != nil {
		t.Fatal(err)
	}
	got := c.end()
	if want := "artifact: got no token from the terminal\n"; got.code != 2 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("%+v, want %s", got, want)
	}
}

// TestUnlockingIsWaitedFor prints what it waits for, and can be interrupted.
func TestUnlockingIsWaitedFor(t *testing.T) {
	t.Parallel()
	cache, me := guarded(t), newPerson(t)
	env, connected := hangingBus(t)
	c := converse(t, me.call([]string{"login", "--api", cache.URL}, "", env).command(t))
	await(t, connected)
	mustDo(t, c.cmd.Process.Signal(os.Interrupt))
	got := c.end()
	want := "The token will be stored in the keyring; unlock it if your desktop asks. This waits for at most 1m0s.\n"
	if got.code != 130 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("%+v, want %s", got, want)
	}
	if _, err := os.Stat(me.path("login.json")); err == nil {
		t.Error("an account was stored without its secret")
	}
}

// TestPromptInCI never waits for an answer, even on a terminal. The story of CI
// vendors shows that login knows them.
func TestPromptInCI(t *testing.T) {
	t.Parallel()
	call := newPerson(t).call([]string{"login", "--api", "http://127.0.0.1:1"}, "", "GITHUB_ACTIONS=true")
	converse(t, call.command(t)).end().check(t, outcome{code: 2,
		stderr: "artifact: login cannot ask for a token in CI: set ARTIFACT_TOKEN instead\n"})
}

// TestWeb opens the page where tokens are created.
func TestWeb(t *testing.T) {
	t.Parallel()
	bin, opened := t.TempDir(), filepath.Join(t.TempDir(), "opened")
	writeProgram(t, filepath.Join(bin, "xdg-open"), "#!/bin/sh\necho \"$* ${VERCEL_TOKEN-no token}\" >"+opened+".new && mv "+opened+".new "+opened+"\n")
	me := newPerson(t)
	call := me.call([]string{"login", "--web", "--insecure-storage"}, "", "PATH="+bin+":/usr/bin:/bin", "VERCEL_TOKEN="+token)
	c := converse(t, call.command(t))
	c.expect("Token (not shown): ")
	until(t, func() bool { _, err := os.Stat(opened); return err == nil })
	if got, want := readFile(t, opened), "https://vercel.com/account/settings/tokens no token\n"; got != want {
		t.Errorf("opened %q, want %q", got, want)
	}
	c.write("")
	got := c.end()
	if want := "artifact: got no token from the terminal\n"; got.code != 2 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("%+v, want %s", got, want)
	}
}
