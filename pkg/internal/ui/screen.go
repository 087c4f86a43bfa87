package ui

import (
	"io"
	"strings"
	"sync"

	"github.com/rivo/uniseg"
)

const (
	// startOfLine also ends every frame. When a terminal gets narrower and folds
	// the frame, the cursor then stays in its first row, so that eraseBelow
	// erases all of it.
	startOfLine = "\r"
	eraseBelow  = "\x1b[J" // from the cursor to the end of the screen
	noWrap      = "\x1b[?7l"
	wrap        = "\x1b[?7h"
)

// unknownColumns is the assumed width if it is unknown.
const unknownColumns = 80

// Screen is the one writer of standard error. It keeps what is drawn there apart
// from what is printed: every Write first takes the bar away and brings it back
// below, so that neither is mangled. It is safe for concurrent use.
type Screen struct {
	columns func() int

	mu      sync.Mutex
	out     io.Writer
	frame   string // what is drawn; may be empty
	midLine bool   // the last Write ended within a line
}

// NewScreen returns a screen that writes to out. columns returns the current
// width of the terminal, like [Columns]; 0 is taken as 80.
func NewScreen(out io.Writer, columns func() int) *Screen {
	return &Screen{out: out, columns: columns}
}

// Write prints text, usually whole lines. After an unfinished line, such as a
// prompt, nothing is drawn until it ends.
func (s *Screen) Write(text []byte) (int, error) { return s.write(s.out, text) }

// Beside returns a writer to out, which is the same terminal: each Write erases
// what is drawn and redraws it below.
func (s *Screen) Beside(out io.Writer) io.Writer {
	return writerFunc(func(text []byte) (int, error) { return s.write(out, text) })
}

type writerFunc func(text []byte) (int, error)

func (write writerFunc) Write(text []byte) (int, error) { return write(text) }

func (s *Screen) write(out io.Writer, text []byte) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.midLine = text[len(text)-1] != '\n'
	if s.frame == "" {
		return out.Write(text)
	}
	_, _ = io.WriteString(s.out, startOfLine+eraseBelow)
	n, err := out.Write(text)
	if s.midLine {
		s.frame = ""
	}
	_, _ = io.WriteString(s.out, s.frame)
	return n, err
}

// draw replaces what is drawn by line, which must be printable; the terminal
// truncates it. An empty line erases. If the same line is drawn already, it is
// drawn again only if asked, since something else may have changed the terminal.
// An error is ignored, since it should not stop a transfer.
func (s *Screen) draw(line string, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.midLine:
		return
	case line != "":
		// The rest is erased last, to avoid flicker.
		frame := startOfLine + noWrap + line + eraseBelow + wrap + startOfLine
		if frame == s.frame && !again {
			return
		}
		s.frame = frame
		_, _ = io.WriteString(s.out, s.frame)
	case s.frame != "":
		s.frame = ""
		_, _ = io.WriteString(s.out, startOfLine+eraseBelow)
	}
}

// Fold breaks a line that is wider than the terminal between words, and indents
// the rest by two columns. It does not change the line without a terminal, or
// break words.
func (s *Screen) Fold(line string) string {
	if s.columns() <= 0 {
		return line
	}
	return FoldWords(line, 2, s.room())
}

// FoldWords breaks a line that is wider than width between words, and indents what
// follows. It keeps a word that is too wide, and spaces within the line.
func FoldWords(line string, indent, width int) string {
	var folded strings.Builder
	used := 0
	for i, word := range strings.Split(line, " ") {
		columns := uniseg.StringWidth(word)
		switch {
		case i == 0:
		case used+1+columns > width && used > indent:
			folded.WriteString("\n" + strings.Repeat(" ", indent))
			used = indent
		default:
			folded.WriteString(" ")
			used++
		}
		folded.WriteString(word)
		used += columns
	}
	return folded.String()
}

// room returns the number of columns for a drawn line. The last column stays
// free, because terminals differ in where they put the cursor after it.
func (s *Screen) room() int {
	columns := s.columns()
	if columns <= 0 {
		columns = unknownColumns
	}
	return columns - 1
}
