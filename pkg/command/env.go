package command

import (
	"io"
	"os"

	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Env is all that a command has of the world around it.
type Env struct {
	Args   []string // without the program's name
	Stdin  *os.File
	Stdout *os.File
	Stderr *os.File
	// LookupEnv and Environ give the process's own environment, as package
	// os does.
	LookupEnv func(name string) (string, bool)
	Environ   func() []string
	// PassSignals, if not nil, says that from now on signals are passed on to
	// another program, and that a second one must not end this process.
	PassSignals func()
}

// Getenv returns the value of a variable without what copying left around it. Of
// the signature key every byte counts, as it does for turbo.
func (e Env) Getenv(name string) string {
	value, _ := e.LookupEnv(name)
	if name == settings.EnvSignatureKey {
		return value
	}
	return usertext.Clean(value)
}

// streams are the two outputs behind everything that has to stand before them.
type streams struct {
	redactor       *redact.Redactor
	revealing      io.Writer // standard output without the filter
	log            io.Writer // standard error, likewise
	results        *strictWriter
	onTerminal     bool // results are
	screen         *ui.Screen
	stdout, stderr *redact.Writer
}

func (e Env) openStreams() *streams {
	redactor := new(redact.Redactor)
	stdout, stderr := redactor.Writer(e.Stdout), redactor.Writer(e.Stderr)
	screen := ui.NewScreen(stderr, func() int { return ui.Columns(e.Stderr) })
	results := &strictWriter{next: stdout}
	onTerminal := ui.IsTerminal(e.Stdout)
	if onTerminal { // mostly the one that the bar is on
		results.next = screen.Beside(stdout)
	}
	return &streams{
		redactor:  redactor,
		revealing: e.Stdout,
		log:       e.Stderr,
		results:   results, onTerminal: onTerminal,
		screen: screen,
		stdout: stdout,
		stderr: stderr,
	}
}

// reveal prints a result past the filter, for a result whose purpose is to tell
// a secret.
func (s *streams) reveal(text string) error {
	_, err := io.WriteString(s.revealing, text)
	if err != nil {
		return &outputError{err}
	}
	return nil
}

// revealToLog prints a line past the filter of standard error, for a CI's log to
// know a secret by. Whole lines are not mixed with others.
func (s *streams) revealToLog(line string) { _, _ = io.WriteString(s.log, line) }

// flush lets out what may have been the beginning of a secret.
func (s *streams) flush() {
	if err := s.stdout.Flush(); s.results.err == nil {
		s.results.err = err
	}
	_ = s.stderr.Flush() // nobody is left to be told
}

// strictWriter remembers the first error, so that no command has to look after
// each line that it prints, and none can succeed without its results.
type strictWriter struct {
	next   io.Writer
	err    error
	gather bool // what is written waits for flush
	held   []byte
}

// maxHeld is how many bytes wait for a flush at most.
const maxHeld = 32 << 10

func (w *strictWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.held = append(w.held, p...)
	if !w.gather || len(w.held) >= maxHeld {
		w.flush()
	}
	return len(p), w.err
}

func (w *strictWriter) flush() {
	if len(w.held) > 0 && w.err == nil {
		_, w.err = w.next.Write(w.held)
	}
	w.held = w.held[:0]
}
