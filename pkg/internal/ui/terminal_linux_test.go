package ui

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal: what is written to the second file is
// read from the first.
func openTerminal(t *testing.T) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _ = outside.Close() })
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
	t.Cleanup(func() { _ = inside.Close() })
	return outside, inside
}

func resize(t *testing.T, file *os.File, columns uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(file.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
}

func TestTerminalFollowsResize(t *testing.T) {
	t.Parallel()
	outside, inside := openTerminal(t)
	if !IsTerminal(inside) {
		t.Error("a terminal is none")
	}
	screen := NewScreen(inside, func() int { return Columns(inside) })
	var room []int
	for _, columns := range []uint16{120, 40, 0} {
		resize(t, outside, columns)
		room = append(room, screen.room())
	}
	if got, want := fmt.Sprint(room), "[119 39 79]"; got != want {
		t.Errorf("room is %s, want %s", got, want)
	}
}

func TestBarOnTerminal(t *testing.T) {
	t.Parallel()
	outside, inside := openTerminal(t)
	resize(t, outside, 40)
	screen := NewScreen(inside, func() int { return Columns(inside) })
	screen.draw(view{position: position{stage: uploading, n: 1, size: 2}, pace: pace{rate: -1}}.frame("out.tar.zst").line(screen.room()), true)
	fmt.Fprintln(screen, "a warning")
	screen.draw("", true)
	fmt.Fprintln(screen, "END")

	var output strings.Builder
	for buffer := make([]byte, 4096); !strings.Contains(output.String(), "END\r\n"); {
		n, err := outside.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		output.Write(buffer[:n])
	}
	terminal := newEmulator(40)
	fmt.Fprint(terminal, output.String())
	if got, want := strings.Join(terminal.rows, "|"), "a warning|END|"; got != want || terminal.errors != nil {
		t.Errorf("the terminal shows %q, want %q; %q", got, want, terminal.errors)
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	_, terminal := openTerminal(t)
	file := regularFile(t)
	for _, test := range []struct {
		file        *os.File
		environment string
		when        When
		style       Style
		coloured    bool
	}{
		{terminal, "TERM=xterm", Auto, Bar, true},
		{terminal, "", Auto, Bar, true},
		{terminal, "TERM=dumb", Auto, Lines, false},
		{terminal, "TERM=dumb", Always, Bar, true},
		{terminal, "NO_COLOR=1", Auto, Bar, false},
		{terminal, "NO_COLOR=", Auto, Bar, true},
		{terminal, "NO_COLOR=1 FORCE_COLOR=1", Auto, Bar, false},
		{terminal, "NO_COLOR=1", Always, Bar, true},
		{terminal, "FORCE_COLOR=0", Auto, Bar, false},
		{terminal, "FORCE_COLOR=1", Never, Silent, false},
		{terminal, "", Never, Silent, false},
		{file, "TERM=xterm", Auto, Lines, false},
		{file, "FORCE_COLOR=1", Auto, Lines, true},
		{file, "", Always, Bar, true},
		{nil, "", Auto, Lines, false},
		{nil, "", Never, Silent, false},
	} {
		getenv := environment(strings.Fields(test.environment)...)
		style := ChooseStyle(test.when, test.file, getenv)
		coloured := NewPalette(test.when, test.file, getenv) == Palette{on: true}
		if style != test.style || coloured != test.coloured {
			t.Errorf("terminal %v, %q, %v: style %d, coloured %v; want %d, %v",
				test.file == terminal, test.environment, test.when, style, coloured, test.style, test.coloured)
		}
	}
}
