package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
)

// pane is a terminal of tmux with a shell, for what only a real terminal shows:
// folded lines, remains of a bar, wide characters.
type pane struct {
	t       *testing.T
	socket  string // of a server of tmux that is this pane's alone
	env     []string
	columns int
	prompts int // that the shell has shown
}

// openPane starts a shell on a terminal. Its prompt shows the exit code of a
// failed command.
func openPane(t *testing.T, columns int, dir string, env []string) *pane {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux")
	}
	sockets := must(os.MkdirTemp("", "tmux"))(t) // a socket's path is short
	p := &pane{t: t, socket: filepath.Join(sockets, "s"), columns: columns}
	p.env = append(env, "PS1=${?#0}$ ", "ENV=", "LC_ALL=C.UTF-8", "TERM=screen")
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", p.socket, "kill-server").Run()
		_ = os.RemoveAll(sockets)
	})
	p.tmux("new-session", "-d", "-x", strconv.Itoa(columns), "-y", "24", "-c", dir, "sh", "-i")
	p.tmux("set-option", "-g", "window-size", "manual")
	p.awaitPrompt()
	return p
}

// tmux runs a command of tmux and returns its output.
func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-f", "/dev/null", "-S", p.socket}, args...)...)
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// enter types a line.
func (p *pane) enter(line string) {
	p.t.Helper()
	p.tmux("send-keys", "-l", line)
	p.tmux("send-keys", "Enter")
}

// step types a command and waits until it has ended ($) or not (&), or waits until
// a text is shown behind the last prompt.
func (p *pane) step(verb, rest string) {
	p.t.Helper()
	switch verb {
	case "$":
		p.enter(rest)
		p.awaitPrompt()
	case "&":
		p.enter(rest)
	case "wait":
		p.await(func(shown string) bool { return strings.Contains(sincePrompt(shown), rest) })
	}
}

// prompt matches the shell's prompt.
var prompt = regexp.MustCompile(`(?m)^\d*\$ `)

// sincePrompt returns what was shown since the last prompt.
func sincePrompt(shown string) string {
	if prompts := prompt.FindAllStringIndex(shown, -1); len(prompts) > 0 {
		return shown[prompts[len(prompts)-1][1]:]
	}
	return shown
}

// awaitPrompt waits for the next prompt.
func (p *pane) awaitPrompt() {
	p.t.Helper()
	p.prompts++
	p.await(func(shown string) bool { return len(prompt.FindAllString(shown, -1)) >= p.prompts })
}

// await waits until the terminal shows what it should.
func (p *pane) await(isShown func(string) bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		shown := p.capture("-J")
		if isShown(shown) {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("after %v the terminal of %d columns still shows\n%s", patience, p.columns, trimLines(shown))
		}
	}
}

// resize changes the terminal's width.
func (p *pane) resize(columns int) {
	p.t.Helper()
	p.columns = columns
	p.tmux("resize-window", "-x", strconv.Itoa(columns), "-y", "24")
}

// capture returns the whole screen and its history. -J joins folded lines, and -e
// keeps colours.
func (p *pane) capture(flags ...string) string {
	p.t.Helper()
	return p.tmux(append([]string{"capture-pane", "-p", "-S", "-"}, flags...)...)
}

// look returns what the terminal shows, with stable words for what varies, folded
// as the program and the terminal would.
func (p *pane) look(steady func(string) string) string {
	p.t.Helper()
	var whole, folded string
	// Something may be drawn between the two.
	p.await(func(string) bool {
		whole, folded = p.capture("-J"), p.capture()
		return fold(whole, p.columns) == trimLines(folded)
	})
	for unfolded := ""; unfolded != whole; {
		unfolded, whole = whole, foldedMessage.ReplaceAllString(whole, "$1 $2")
	}
	return fold(steady(trimLines(whole)), p.columns)
}

// foldedMessage is a line of the program's that it has folded between words.
var foldedMessage = regexp.MustCompile(`(?m)^(artifact: .*?) *\n  (\S)`)

// fold breaks lines as the program and the terminal do.
func fold(text string, columns int) string {
	var folded strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "artifact: ") {
			line = foldWords(line, columns)
		}
		for width, rest, state := 0, line, -1; rest != ""; {
			var cluster string
			var wide int
			cluster, rest, wide, state = uniseg.FirstGraphemeClusterInString(rest, state)
			if cluster == "\n" {
				width, wide = 0, 0
			}
			if width += wide; width > columns {
				folded.WriteString("\n")
				width = wide
			}
			folded.WriteString(cluster)
		}
	}
	return trimLines(folded.String())
}

// foldWords breaks a line between words, as the program does.
func foldWords(line string, columns int) string {
	words := strings.Split(line, " ")
	folded, width := words[0], uniseg.StringWidth(words[0])
	for _, word := range words[1:] {
		wide := uniseg.StringWidth(strings.TrimSuffix(word, "\n"))
		if folded += " " + word; width+1+wide >= columns && width > 2 {
			folded, width = strings.TrimSuffix(folded, " "+word)+"\n  "+word, 1
		}
		width += 1 + wide
	}
	return folded
}

// trimLines removes trailing spaces and empty lines.
func trimLines(text string) string {
	var trimmed strings.Builder
	for line := range strings.Lines(text) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return strings.TrimRight(trimmed.String(), "\n") + "\n"
}
