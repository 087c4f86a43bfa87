//go:build unix

package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rewrite writes different bytes of the same length into a file, and restores its
// modification time.
func rewrite(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt([]byte("X"), 0)
	return errors.Join(err, file.Close(), os.Chtimes(path, info.ModTime(), info.ModTime()))
}

// TestUnchanged changes a file in every way, with and without a digest of it.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	const restored = "its bytes changed, but its modification time was set back"
	for name, test := range map[string]struct {
		change        func(path string) error
		hashed, plain string // the errors
	}{
		"chmod":     {change: func(path string) error { return os.Chmod(path, 0o640) }},
		"hard link": {change: func(path string) error { return os.Link(path, path+".new") }},
		"renamed":   {change: func(path string) error { return os.Rename(path, path+".new") }},
		"removed":   {change: os.Remove},
		"read": {change: func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return os.Chtimes(path, info.ModTime().Add(1), info.ModTime())
		}},
		"directory renamed": {change: func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".new") }},
		"directory is a file": {change: func(path string) error {
			dir := filepath.Dir(path)
			return errors.Join(os.Rename(dir, dir+".new"), os.WriteFile(dir, nil, 0o600))
		}},
		"time restored": {rewrite, restored, ""},
		"written to": {func(path string) error { return os.WriteFile(path, []byte("Content"), 0o600) },
			"its modification time changed", "its modification time changed"},
		"truncated": {func(path string) error { return os.Truncate(path, 3) },
			"its size changed from 7 to 3 bytes", "its size changed from 7 to 3 bytes"},
		"replaced": {func(path string) error {
			return errors.Join(os.WriteFile(path+".new", []byte("content"), 0o600), os.Rename(path+".new", path))
		}, "it was replaced by another file", "it was replaced by another file"},
		"replaced by a directory": {func(path string) error { return errors.Join(os.Rename(path, path+".old"), os.Mkdir(path, 0o700)) },
			"it was replaced by another file", "it was replaced by another file"},
	} {
		for way, want := range map[string]string{"hashed": test.hashed, "plain": test.plain} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "directory", "input")
				err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("content"), 0o600))
				if err != nil {
					t.Fatal(err)
				}
				source, err := OpenFile(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				defer source.Close()
				if way == "hashed" {
					_, hashErr := source.Hash(t.Context(), sha256.New, nil)
					err = errors.Join(err, hashErr)
				}
				if err := errors.Join(err, source.Unchanged(t.Context()), test.change(path)); err != nil {
					t.Fatal(err)
				}
				if want != "" {
					want = ErrChanged.Error() + ": " + want
				}
				for range 2 {
					if got := text(source.Unchanged(t.Context())); got != want {
						t.Errorf("%q\nwant %q", got, want)
					}
				}
			})
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestReadAgain changes a file while it is read again because of its change time.
func TestReadAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(path string, cancel func()) error
		want      string
	}{
		"untouched":   {func(string, func()) error { return nil }, ""},
		"moved again": {func(path string, _ func()) error { return os.Chmod(path, 0o604) }, ErrChanged.Error() + ": its change time changed again during the second read"},
		"written to":  {func(path string, _ func()) error { return os.WriteFile(path, bytes.Repeat([]byte("Y"), 7), 0o600) }, ErrChanged.Error() + ": its modification time changed"},
		"removed":     {func(path string, _ func()) error { return os.Remove(path) }, ErrChanged.Error() + ": its change time changed again during the second read"},
		"given up":    {func(_ string, cancel func()) error { cancel(); return nil }, context.Canceled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, "content")
			source, err := OpenFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var calls []string
			begin := func(name string) func() hash.Hash {
				return func() hash.Hash {
					if calls = append(calls, name); len(calls) == 4 {
						if err := test.meanwhile(path, cancel); err != nil {
							t.Error(err)
						}
					}
					return sha256.New()
				}
			}
			_, digestErr := source.Hash(ctx, begin("digest"), nil)
			_, tagErr := source.Hash(ctx, begin("tag"), nil)
			if err := errors.Join(digestErr, tagErr, os.Chmod(path, 0o640)); err != nil {
				t.Fatal(err)
			}
			if got := text(source.Unchanged(ctx)); got != test.want {
				t.Errorf("%q\nwant %q", got, test.want)
			}
			if test.want == "" { // the new time is accepted: it is not read a third time
				err = source.Unchanged(ctx)
			}
			if got := strings.Join(calls, " "); got != "digest tag digest tag" || err != nil {
				t.Errorf("hashed %s, %v", got, err)
			}
		})
	}
}
