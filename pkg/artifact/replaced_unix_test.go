//go:build unix

package artifact

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestReplacedBeforeItIsOpened replaces a file before it is opened, at first or
// again. That counts as a change, and does not wait for a FIFO's writer.
func TestReplacedBeforeItIsOpened(t *testing.T) {
	t.Parallel()
	for kind, put := range map[string]func(path string) error{
		"a FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		for content, read := range map[string]func(*testing.T, *Source) error{
			"": func(*testing.T, *Source) error { return nil },
			"content": func(t *testing.T, source *Source) error {
				t.Helper()
				t.Cleanup(func() { source.Close() })
				_, err := io.ReadAll(source.Open())
				return err
			},
		} {
			t.Run(kind+" instead of "+content, func(t *testing.T) {
				t.Parallel()
				path := writeFile(t, content)
				system := systemFiles
				system.wait = func(context.Context, time.Duration) error { return replace(path, put) }
				if err := ends(t, path, func() error {
					source, err := openFile(t.Context(), path, system)
					if err == nil {
						err = read(t, source)
					}
					return err
				}); !errors.Is(err, ErrChanged) {
					t.Errorf("%v, want ErrChanged", err)
				}
			})
		}
		t.Run(kind+" while it was given back", func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, "content")
			source, err := OpenFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			if err := errors.Join(source.Release(), replace(path, put)); err != nil {
				t.Fatal(err)
			}
			if err := ends(t, path, func() error { _, err := io.ReadAll(source.Open()); return err }); !errors.Is(err, ErrChanged) {
				t.Errorf("%v, want ErrChanged", err)
			}
		})
	}
}

func replace(path string, put func(path string) error) error {
	return errors.Join(os.Remove(path), put(path))
}

// ends returns the error of f, which must not wait for a FIFO's writer. If it
// does, it gets one.
func ends(t *testing.T, path string, do func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Error("it waits for a writer")
		writer, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			err = writer.Close()
		}
		return errors.Join(err, <-done)
	}
}
