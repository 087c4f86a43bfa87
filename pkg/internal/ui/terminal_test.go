package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// emulator is a terminal that knows only the sequences that a Screen may use. It
// reports all others, and drawn lines that do not fit.
type emulator struct {
	columns  int
	rows     []string // the text of each
	row, col int
	writes   int
	errors   []string
}

func newEmulator(columns int) *emulator { return &emulator{columns: columns, rows: []string{""}} }

func (e *emulator) Write(p []byte) (int, error) {
	e.writes++
	for text := string(p); text != ""; {
		switch {
		case strings.HasPrefix(text, "\r"):
			e.col, text = 0, text[1:]
		case strings.HasPrefix(text, "\n"): // a real one would add the carriage return, too
			e.row, e.col, text = e.row+1, 0, text[1:]
			if e.row == len(e.rows) {
				e.rows = append(e.rows, "")
			}
		case strings.HasPrefix(text, eraseBelow):
			e.rows = e.rows[:e.row+1]
			e.rows[e.row] = before(e.rows[e.row], e.col)
			text = text[len(eraseBelow):]
		case strings.HasPrefix(text, noWrap), strings.HasPrefix(text, wrap):
			text = text[len(wrap):]
		default:
			text = e.put(text)
		}
	}
	return len(p), nil
}

// put writes one character.
func (e *emulator) put(text string) string {
	cluster, rest, width, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	if printable.Text(cluster) != cluster {
		e.errors = append(e.errors, fmt.Sprintf("%q was printed", cluster))
	}
	row := e.rows[e.row]
	after := ""
	if total := uniseg.StringWidth(row); e.col+width < total {
		after = strings.TrimPrefix(row, before(row, e.col+width))
	}
	e.rows[e.row] = before(row, e.col) + cluster + after
	e.col += width
	if e.col >= e.columns {
		e.errors = append(e.errors, fmt.Sprintf("a line reaches the last of %d columns: %q", e.columns, e.rows[e.row]))
	}
	return rest
}

// before returns the first columns of a row.
func before(row string, columns int) string {
	var kept strings.Builder
	for width := 0; row != ""; {
		cluster, rest, w, _ := uniseg.FirstGraphemeClusterInString(row, -1)
		if width += w; width > columns {
			break
		}
		kept.WriteString(cluster)
		row = rest
	}
	return kept.String()
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func regularFile(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestNoTerminal(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]*os.File{"a regular file": regularFile(t), "nothing": nil} {
		if IsTerminal(file) {
			t.Errorf("%s is a terminal", name)
		}
		if got := Columns(file); got != 0 {
			t.Errorf("%s has %d columns", name, got)
		}
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	for word, isKnown := range map[string]bool{"auto": true, "always": true, "never": true, "": false, "Always": false, "yes": false} {
		if when, err := ParseWhen(word); (err == nil) != isKnown || isKnown && string(when) != word {
			t.Errorf("%q gives %q, %v", word, when, err)
		}
	}
}
