package command

import (
	"io"
	"os"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// Env is all that a command has of the world around it.
type Env struct {
	Args    []string // without the program's name
	Stdin   *os.File
	Stdout  *os.File
	Stderr  *os.File
	Getenv  func(string) string
	Environ func() []string
}

// streams are the two outputs behind everything that has to stand before them.
type streams struct {
	redactor *ui.Redactor
	results  *strictWriter
	screen   *ui.Screen
}

func (e Env) openStreams() *streams {
	redactor := ui.NewRedactor()
	return &streams{
		redactor: redactor,
		results:  &strictWriter{next: redactor.Writer(e.Stdout)},
		screen:   ui.NewScreen(redactor.Writer(e.Stderr), func() int { return ui.Columns(e.Stderr) }),
	}
}

// strictWriter remembers the first error, so that no command has to look after
// each line that it prints, and none can succeed without its results.
type strictWriter struct {
	next io.Writer
	err  error
}

func (w *strictWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.next.Write(p)
	w.err = err
	return n, err
}
