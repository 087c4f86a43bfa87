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
	for len(files) > 0 {
		hashed, err := w.hashObjects(ctx, files)
		if err == nil {
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

// hashObjects runs one git hash-object. It tells how many files, from the
// first, have their id now.
func (w worktree) hashObjects(ctx context.Context, files []*entry) (hashed int, err error) {
	var surprise error
	ids := &recordWriter{delim: '\n', limit: 256, take: func(line []byte) error {
		id := strings.TrimSuffix(string(line), "\r")
		if hashed == len(files) || !isObjectID(id) {
			surprise = fmt.Errorf("git hash-object: unexpected answer %.100q", line)
			return surprise
		}
		files[hashed].work.id = id
		hashed++
		return nil
	}}
	// The paths are relative to the root of the work tree, wherever in it
	// git runs: it goes there before it reads them.
	err = w.run(ctx, &pathLines{files: files}, ids, "hash-object", "--stdin-paths")
	switch {
	case surprise != nil:
		return hashed, surprise
	case err == nil && hashed < len(files):
		return hashed, errors.New("git hash-object: the answer is incomplete")
	}
	return hashed, err
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
