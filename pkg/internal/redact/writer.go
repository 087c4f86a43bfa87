package redact

import (
	"io"
	"strings"
	"sync"
)

// Writer writes to another writer, without the secrets of its [Redactor].
//
// A secret may be split over several writes, so an end that may begin a secret is
// held back until the next write or Flush.
type Writer struct {
	redactor *Redactor

	mu   sync.Mutex
	out  io.Writer
	held string
}

// Writer returns a new writer to out.
func (r *Redactor) Writer(out io.Writer) *Writer {
	return &Writer{redactor: r, out: out}
}

// Write implements [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	forms := w.redactor.known()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(forms) == 0 && w.held == "" {
		return w.out.Write(p)
	}
	text := w.held + string(p)
	ready := len(text) - beginning(text, forms)
	for _, hit := range hitsIn(text, forms) {
		if hit.start < ready && ready < hit.end {
			ready = hit.start // a secret is not split
		}
	}
	w.held = text[ready:]
	if err := w.pass(text[:ready]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is held back. It must be called at the end of the run.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.held
	w.held = ""
	return w.pass(text)
}

func (w *Writer) pass(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w.out, w.redactor.String(text))
	return err
}

// beginning returns the length of the longest end of text that may begin a
// secret.
func beginning(text string, forms []form) int {
	longest := 0
	for _, f := range forms {
		if text == "" || strings.IndexByte(f.text, text[len(text)-1]) < 0 {
			continue // as most lines end
		}
		for n := min(len(f.text)-1, len(text)); n > longest; n-- {
			if strings.HasSuffix(text, f.text[:n]) {
				longest = n
			}
		}
	}
	return longest
}
