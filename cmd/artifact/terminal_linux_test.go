package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal makes a pseudo-terminal: what a program writes to the second file
// is read from the first.
func terminal(t *testing.T, columns uint16) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { outside.Close() })
	if err := unix.IoctlSetPointerInt(int(outside.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(outside.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	inside, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close() })
	if err := unix.IoctlSetWinsize(int(outside.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return outside, inside
}

// onTerminal gives a program a terminal for all that cmd leaves open, and for
// its signals. What the program wrote there comes when it has ended.
func onTerminal(t *testing.T, cmd *exec.Cmd) (keyboard io.Writer, output func() string) {
	t.Helper()
	outside, inside := terminal(t, 80)
	if cmd.Stdin == nil {
		cmd.Stdin = inside
	}
	if cmd.Stdout == nil {
		cmd.Stdout = inside
	}
	cmd.Stderr = inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2} // standard error
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	inside.Close()
	shown := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(outside) // it ends with EIO
		shown <- string(all)
	}()
	return outside, func() string {
		_ = cmd.Wait()
		return <-shown
	}
}

// TestInteractive is 1 only where a person can see standard error, and no CI
// is there.
func TestInteractive(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env, flags []string
		want       string
	}{
		{want: "1"},
		{env: []string{"CI=true"}, want: "0"},
		{env: []string{"GITHUB_ACTIONS=true"}, want: "0"},
		{env: []string{"CI="}, want: "1"},
		{flags: []string{"--interactive=0"}, want: "0"},
		{env: []string{"ARTIFACT_INTERACTIVE=0"}, want: "0"},
	} {
		server := record(t, nil)
		s := call{args: append([]string{"put", "-"}, test.flags...), env: append(server.env(), test.env...), stdin: strings.NewReader(hello)}.command(t)
		_, output := onTerminal(t, s)
		if got, want := output(), helloSHA256+"  -\r\n"; got != want {
			t.Errorf("%v: %q, want %q", test, got, want)
		}
		if got := server.only(t).Header.Get("X-Artifact-Client-Interactive"); got != test.want {
			t.Errorf("%v: %q, want %q", test, got, test.want)
		}
	}
}

// TestTerminalIsNoInput refuses to wait for typing that nobody asked for; what
// was asked for ends with the end of input.
func TestTerminalIsNoInput(t *testing.T) {
	t.Parallel()
	cmd := call{args: []string{"put"}, env: append(record(t, nil).env(), "NO_COLOR=1")}.command(t)
	_, output := onTerminal(t, cmd)
	got, want := output(), "artifact: no input: name a file, or pipe one in\r\nartifact: hint: See artifact put --help.\r\n"
	if got != want || shellCode(cmd.ProcessState) != 2 {
		t.Errorf("exit %d, %q; want 2, %q", shellCode(cmd.ProcessState), got, want)
	}

	server := record(t, nil)
	cmd = call{args: []string{"put", "-q", "-"}, env: server.env()}.command(t)
	reader, writer := pipe(t)
	cmd.Stdout = writer
	keyboard, output := onTerminal(t, cmd)
	if _, err := io.WriteString(keyboard, "hello\n\x04"); err != nil {
		t.Fatal(err)
	}
	output()
	writer.Close()
	if id, _ := io.ReadAll(reader); string(id) != helloSHA256+"\n" {
		t.Errorf("%q", id)
	}
}

// TestInterruptFromTheKeyboard reaches the program, and takes its bar away.
func TestInterruptFromTheKeyboard(t *testing.T) {
	t.Parallel()
	server, reached := stuck(t)
	cmd := call{args: []string{"put", "-"}, env: server.env(), stdin: io.LimitReader(zeros{}, 8<<20)}.command(t)
	keyboard, output := onTerminal(t, cmd)
	<-reached
	if _, err := keyboard.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	shown := output()
	if got := shellCode(cmd.ProcessState); got != 130 {
		t.Errorf("exit %d", got)
	}
	if last := shown[strings.LastIndex(shown, "\r")+1:]; strings.Contains(last, "uploading") {
		t.Errorf("the last line is %q", last)
	}
}

// TestNoBarInCI draws nothing over and over in a job that has a terminal, unless
// it is told to.
func TestNoBarInCI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags, env []string
		bar        bool
	}{
		{env: []string{"CI=true"}},
		{env: []string{"BUILDKITE=true"}},
		{env: []string{"TRAVIS=true"}},
		{env: []string{"CI=true"}, flags: []string{"--progress=always"}, bar: true},
		{env: []string{"CI=false", "BUILDKITE=true"}, bar: true},
		{bar: true},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			server := record(t, func(w http.ResponseWriter, _ *http.Request) {
				time.Sleep(500 * time.Millisecond) // more than it takes a bar to appear
				w.WriteHeader(http.StatusAccepted)
			})
			cmd := call{args: append([]string{"put", "--no-git", "-"}, test.flags...), env: append(server.env(), test.env...), stdin: strings.NewReader(hello)}.command(t)
			_, output := onTerminal(t, cmd)
			shown := output()
			if result := helloSHA256 + "  -\r\n"; !strings.HasSuffix(shown, result) || (shown != result) != test.bar {
				t.Errorf("%q", shown)
			}
		})
	}
}

// TestHostileNamesOnATerminal shows names escaped there, whatever a command says
// about them. Programs get them as they are: see hostile_names.txtar.
func TestHostileNamesOnATerminal(t *testing.T) {
	t.Parallel()
	const script = `artifact put * && artifact put --json * && artifact put -r . && artifact put * >sums
artifact stat -c sums; artifact stat --json -c sums; artifact verify -c sums; artifact verify --json *; artifact verify --quick *
artifact get none -o "$NAME"; artifact get "$ID" -o "$NAME/x"; artifact get "$ID" --json -o "$NAME"; artifact put --hash "$NAME" x
artifact put -q --hash "id$MARK" x; artifact stat "id$MARK"; artifact stat -q "id$MARK"
artifact put "no$NAME"; artifact put * "no$NAME"; artifact "$NAME"; artifact put "--$NAME"; artifact put --sha "$NAME" x
echo "no$NAME" | artifact put --files-from -; echo "{\"path\":1,\"$NAME\"}" | artifact put --manifest -
artifact put --signature-key-file "no$NAME" x; artifact put --api "http://h/$NAME" x; ARTIFACT_TEAM="$NAME" artifact put x`
	const name, mark = "a\x1b[2J\u009b31m\u202ez\x07\x7f", "\u202e"
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, name), hello)
	cmd := call{args: []string{"serve", "-v", "--", "sh", "-c", script}, dir: dir,
		env: []string{"NAME=" + name, "MARK=" + mark, "ID=" + helloSHA256, "ARTIFACT_NO_GIT=1", "NO_COLOR=1", "ARTIFACT_PROGRESS=never"}}.command(t)
	_, output := onTerminal(t, cmd)
	shown := output()
	if line := helloSHA256 + `  a\u001b[2J\u009b31m\u202ez\u0007\u007f` + "\r\n"; strings.Count(shown, line) < 2 {
		t.Errorf("%q", shown)
	}
	for line := range strings.Lines(shown) {
		if strings.ContainsAny(line, "\x1b\u009b\u202e\x07\x7f") {
			t.Errorf("%q", line)
		}
	}
}

// TestBarAndStory has a bar on the terminal, and the story whole above it.
func TestBarAndStory(t *testing.T) {
	t.Parallel()
	shownBar := make(chan struct{})
	server := record(t, func(w http.ResponseWriter, _ *http.Request) {
		<-shownBar
		w.WriteHeader(http.StatusAccepted)
	})
	cmd := call{args: []string{"put", "--hash=k", "-v", "--no-git", "-"}, env: server.env(), stdin: strings.NewReader(hello)}.command(t)
	outside, inside := terminal(t, 80)
	cmd.Stdout, cmd.Stderr = inside, inside
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inside.Close()
	var shown strings.Builder
	for buffer := make([]byte, 4096); ; {
		n, err := outside.Read(buffer)
		shown.Write(buffer[:n])
		if strings.Contains(shown.String(), "waiting for the server: -") {
			select {
			case <-shownBar:
			default:
				close(shownBar)
			}
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait()
	request := "PUT " + server.URL + "/v8/artifacts/k: 202 HTTP/1.1 in "
	if text := shown.String(); !strings.Contains(text, request) || !strings.HasSuffix(text, "\r\x1b[Jk  -\r\n") {
		t.Errorf("%q", text)
	}
}

// TestServedInterrupts passes on no interrupt from the keyboard: the command
// has got it already. Here it has left the terminal, and must not see it; the
// signal that is sent afterwards it must.
func TestServedInterrupts(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	const script = `trap 'echo interrupted' INT; trap 'echo asked; exit 3' USR1; echo ready; while :; do sleep 0.01; done`
	cmd := call{args: []string{"serve", "--", "setsid", "bash", "-c", script}}.command(t)
	outside, inside := terminal(t, 80)
	reader, writer := pipe(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inside, writer, inside
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	_ = reader.SetReadDeadline(time.Now().Add(patience))
	lines := bufio.NewReader(reader)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	// The echo comes when the signal was sent.
	if echo, err := bufio.NewReader(outside).ReadString('C'); err != nil || echo != "^C" {
		t.Fatalf("%q, %v", echo, err)
	}
	if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	_ = cmd.Wait()
	if got := shellCode(cmd.ProcessState); got != 3 || string(rest) != "asked\n" {
		t.Errorf("exit %d, %q", got, rest)
	}
}

// TestGetToATerminal refuses what would be a screen full of bytes.
func TestGetToATerminal(t *testing.T) {
	t.Parallel()
	server := record(t, nil)
	cmd := call{args: []string{"get", "k'y"}, env: append(server.env(), "NO_COLOR=1")}.command(t)
	_, output := onTerminal(t, cmd)
	got := output()
	want := "artifact: standard output is a terminal: artifact get 'k'\\''y' -o FILE\r\nartifact: hint: See artifact get --help.\r\n"
	if got != want || shellCode(cmd.ProcessState) != 2 {
		t.Errorf("%q, exit %d; want %q", got, shellCode(cmd.ProcessState), want)
	}
	if requests := server.all(); len(requests) > 0 {
		t.Errorf("sent %v", requests)
	}
}
