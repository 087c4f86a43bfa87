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

// Console is the terminal that controls the process, for questions to the
// person before it, wherever the standard streams lead.
type Console struct {
	in, out *os.File
	lines   *bufio.Reader
	shown   *redact.Writer
}

// ErrNoConsole says that nobody can be asked.
var ErrNoConsole = errors.New("no terminal to ask on")

// OpenConsole opens it. The error is [ErrNoConsole].
func OpenConsole(redactor *redact.Redactor) (*Console, error) {
	in, out, err := openConsole()
	if err != nil {
		return nil, ErrNoConsole // the system's own reason explains nothing
	}
	return &Console{in: in, out: out, lines: bufio.NewReader(in), shown: redactor.Writer(out)}, nil
}

// Close closes it.
func (c *Console) Close() {
	_ = c.in.Close()
	_ = c.out.Close()
}

// Print shows text, which the caller has made printable.
func (c *Console) Print(text string) error {
	if _, err := io.WriteString(c.shown, text); err != nil {
		return err
	}
	return c.shown.Flush()
}

// Ask shows a question and reads a line, without white space around it.
func (c *Console) Ask(ctx context.Context, question string) (string, error) {
	if err := c.Print(question); err != nil {
		return "", err
	}
	return c.answer(ctx)
}

// AskSecret is [Console.Ask] for what must not be seen while it is typed. The
// echo is off before the question is shown, since people paste as soon as they
// see it. The terminal is as it was afterwards, also where ctx ends first.
func (c *Console) AskSecret(ctx context.Context, question string) (string, error) {
	restore, err := hideTyping(c.in)
	if err != nil {
		return "", err
	}
	secret, err := c.Ask(ctx, question)
	restore()
	// The newline that was typed was not shown.
	if printErr := c.Print("\n"); err == nil {
		err = printErr
	}
	return secret, err
}

// answer waits for a line. A read from a terminal cannot be ended: it goes on
// until the process ends, where ctx does.
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
			return "", fmt.Errorf("nothing was typed: %w", got.err)
		}
		return text, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
