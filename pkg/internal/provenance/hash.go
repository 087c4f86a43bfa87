package provenance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// hashFiles fills in the blob ids that git would record for regular files, with
// the filters that the attributes of each path ask for.
func (w worktree) hashFiles(ctx context.Context, files []*entry) error {
	hashing := w.early
	for len(files) > 0 {
		if hashing == nil {
			hashing = w.startHashing(ctx)
		}
		hashed, err := hashing.hash(files)
		if hashing = nil; err == nil {
			return nil
		}
		if ctx.Err() != nil || hashed == len(files) {
			return err
		}
		// git ends at the first file that it cannot read. A file that
		// has gone, or become something else, since it was listed is no
		// reason to give up.
		info, inspectErr := w.inspect(ctx, files[hashed])
		if inspectErr != nil || info != nil {
			return err
		}
		files = files[hashed+1:]
	}
	return nil
}

// hashing is one git hash-object, from before it is known which files it is
// for. It must be given some, or none, once.
type hashing struct {
	given chan struct{} // closed when there are files
	files []*entry
	lines pathLines

	done   chan struct{}
	hashed int
	err    error
}

// startHashing starts git, which waits for files then.
func (r repository) startHashing(ctx context.Context) *hashing {
	h := &hashing{given: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(h.done)
		h.err = h.run(ctx, r)
	}()
	return h
}

// hash gives files their ids. It tells how many of them, from the first, have
// one now.
func (h *hashing) hash(files []*entry) (hashed int, err error) {
	h.give(files)
	<-h.done
	return h.hashed, h.err
}

func (h *hashing) give(files []*entry) {
	h.files, h.lines.files = files, files
	close(h.given)
}

// end lets git go where there was nothing to hash.
func (h *hashing) end() {
	select {
	case <-h.given:
	default:
		h.give(nil)
	}
}

func (h *hashing) run(ctx context.Context, r repository) error {
	var surprise error
	ids := &recordWriter{delim: '\n', limit: 256, take: func(line []byte) error {
		<-h.given
		id := strings.TrimSuffix(string(line), "\r")
		if h.hashed == len(h.files) || !isObjectID(id) {
			surprise = fmt.Errorf("git hash-object: unexpected answer %.100q", line)
			return surprise
		}
		h.files[h.hashed].work.id = id
		h.hashed++
		return nil
	}}
	// The paths are relative to the root of the work tree, wherever in it
	// git runs: it goes there before it reads them.
	err := r.run(ctx, h, ids, "hash-object", "--stdin-paths")
	switch {
	case surprise != nil:
		return surprise
	case err == nil && h.hashed < len(h.files):
		return errors.New("git hash-object: the answer is incomplete")
	}
	return err
}

// Read reads as the paths of the files, once there are some.
func (h *hashing) Read(b []byte) (int, error) {
	<-h.given
	return h.lines.Read(b)
}

// pathLines reads as the paths of files, a line each.
type pathLines struct {
	files []*entry
	rest  []byte
	line  []byte
}

func (p *pathLines) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(p.rest) == 0 {
			if len(p.files) == 0 {
				break
			}
			p.line = append(append(p.line[:0], stdinPath(p.files[0].path)...), '\n')
			p.rest, p.files = p.line, p.files[1:]
		}
		copied := copy(b[n:], p.rest)
		n += copied
		p.rest = p.rest[copied:]
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// stdinPath is path as git hash-object reads it from a line: it takes quotes
// off, and a carriage return at the end.
func stdinPath(path string) string {
	if quoted := quotePath(path); strings.HasPrefix(path, `"`) || strings.ContainsAny(path, "\r\n") {
		return quoted
	}
	return path
}

// quotePath quotes path as git does with core.quotePath=false, where it must
// be quoted.
func quotePath(path string) string {
	var quoted strings.Builder
	special := false
	quoted.WriteByte('"')
	for _, c := range []byte(path) {
		if i := strings.IndexByte("\a\b\t\n\v\f\r\"\\", c); i >= 0 {
			special = true
			quoted.WriteByte('\\')
			quoted.WriteByte(`abtnvfr"\`[i])
		} else if c < ' ' || c == 0x7f {
			special = true
			fmt.Fprintf(&quoted, `\%03o`, c)
		} else {
			quoted.WriteByte(c)
		}
	}
	if !special {
		return path
	}
	quoted.WriteByte('"')
	return quoted.String()
}
