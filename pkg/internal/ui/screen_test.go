package ui

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

func wide() int { return 80 }

func TestScreenPutsBarBackBelowLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	screen := NewScreen(&out, wide)
	fmt.Fprint(screen, "first\n")
	screen.draw("bar", true)
	fmt.Fprint(screen, "second\n")
	screen.draw("", true)
	screen.draw("", true)
	fmt.Fprint(screen, "third\n")
	const bar = "\r\x1b[?7lbar\x1b[J\x1b[?7h\r"
	if want := "first\n" + bar + "\r\x1b[Jsecond\n" + bar + "\r\x1b[Jthird\n"; out.String() != want {
		t.Errorf("it wrote %q, want %q", out.String(), want)
	}
}

func TestScreenLeavesPromptAlone(t *testing.T) {
	t.Parallel()
	terminal := newEmulator(80)
	screen := NewScreen(terminal, wide)
	screen.draw("bar", true)
	fmt.Fprint(screen, "Token: ")
	screen.draw("bar", true)
	if got := terminal.rows[0]; got != "Token: " {
		t.Errorf("the prompt became %q", got)
	}
	fmt.Fprint(screen, "\n")
	screen.draw("bar", true)
	if got, want := fmt.Sprintf("%q", terminal.rows), `["Token: " "bar"]`; got != want {
		t.Errorf("the terminal shows %s, want %s", got, want)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestScreenReportsWriteError(t *testing.T) {
	t.Parallel()
	broken := brokenWriter{errors.New("broken")}
	screen := NewScreen(broken, wide)
	for range 2 {
		if _, err := fmt.Fprintln(screen, "line"); !errors.Is(err, broken.err) {
			t.Errorf("got %v", err)
		}
		screen.draw("bar", true)
	}
}

// TestFold breaks lines between words, but not within.
func TestFold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		columns    int
		line, want string
	}{
		{0, "no terminal, no fold", "no terminal, no fold"},
		{11, "just as wide", "just as\n  wide"},
		{13, "just as wide", "just as wide"},
		{8, "a b  c  d e", "a b  c \n  d e"}, // a name keeps its spaces
		{8, "a longer-than-a-line b", "a longer-than-a-line\n  b"},
		{8, "日本語 日本語", "日本語\n  日本語"},
	} {
		screen := NewScreen(nil, func() int { return test.columns })
		if got := screen.Fold(test.line); got != test.want {
			t.Errorf("%d: %q, want %q", test.columns, got, test.want)
		}
	}
}
