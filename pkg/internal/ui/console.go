package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/redact"
)

// Console is the controlling terminal of the process, for questions to its user,
// wherever the standard streams go.
type Console struct {
	in, out *os.File
	lines   *bufio.Reader
	shown   *redact.Writer
}

// ErrNoConsole is returned by [OpenConsole] for a process without a terminal.
var ErrNoConsole = errors.New("no terminal to ask on")

// OpenConsole opens the console. Its error is [ErrNoConsole].
func OpenConsole(redactor *redact.Redactor) (*Console, error) {
	in, out, err := openConsole()
	if err != nil {
		return nil, ErrNoConsole // the system's error is not helpful
	}
	return &Console{in: in, out: out, lines: bufio.NewReader(in), shown: redactor.Writer(out)}, nil
}

// Close closes the console.
func (c *Console) Close() {
	_ = c.in.Close()
	_ = c.out.Close()
}

// Print prints text, which must be printable.
func (c *Console) Print(text string) error {
	if _, err := io.WriteString(c.shown, text); err != nil {
		return err
	}
	return c.shown.Flush()
}

// Ask prints a question and returns the typed line, without surrounding white
// space.
func (c *Console) Ask(ctx context.Context, question string) (string, error) {
	if err := c.Print(question); err != nil {
		return "", err
	}
	return c.answer(ctx)
}

// HideTyping keeps what is typed from being shown until show is called, which also
// ends the line that was typed last.
func (c *Console) HideTyping() (show func(), err error) {
	restore, err := hideTyping(c.in)
	if err != nil {
		return nil, err
	}
	return func() {
		restore()
		_ = c.Print("\n")
	}, nil
}

// answer waits for a line. If ctx ends, the read goes on until the process ends:
// a read from a terminal cannot be interrupted.
func (c *Console) answer(ctx context.Context) (string, error) {
	type line struct {
		text string
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := c.lines.ReadString('\n')
		typed <- line{text, err}
	}()
	select {
	case got := <-typed:
		text := strings.TrimSpace(got.text)
		if errors.Is(got.err, io.EOF) {
			if text != "" {
				return text, nil
			}
			return "", fmt.Errorf("nothing was entered: %w", got.err)
		}
		return text, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
