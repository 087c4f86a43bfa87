package provenance

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// hashFiles fills in the blob ids that git would record for regular files, with
// the filters that the attributes of each path ask for.
func (w worktree) hashFiles(ctx context.Context, files []*entry) error {
	hashing := w.early
	for len(files) > 0 {
		if hashing == nil {
			var err error
			if hashing, err = w.startHashing(ctx); err != nil {
				return err
			}
			defer hashing.end()
		}
		hashed, err := hashing.hash(files)
		if hashing = nil; err == nil {
			return nil
		}
		if ctx.Err() != nil {
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
// for. It must be ended.
type hashing struct {
	git   *process
	paths *os.File // what git reads them from
}

// startHashing starts git, which waits for files then.
func (r repository) startHashing(ctx context.Context) (*hashing, error) {
	stdin, paths, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	// The paths are relative to the root of the work tree, wherever in it
	// git runs: it goes there before it reads them.
	git, err := r.start(ctx, stdin, "hash-object", "--stdin-paths")
	if err != nil {
		paths.Close()
		return nil, err
	}
	return &hashing{git: git, paths: paths}, nil
}

// hash gives files their ids, once. It tells how many of them, from the first,
// have one now. An id counts as soon as git prints it, whatever comes after.
func (h *hashing) hash(files []*entry) (hashed int, err error) {
	go func() {
		defer h.paths.Close()
		_ = fault.Catch(func() error { // git says why it ended
			_, err := io.Copy(h.paths, &pathLines{files: files})
			return err
		})
	}()
	ids := bufio.NewScanner(h.git.stdout)
	for hashed < len(files) && ids.Scan() {
		id := strings.TrimSuffix(ids.Text(), "\r")
		if !isObjectID(id) {
			return hashed, fmt.Errorf("git hash-object: unexpected answer %.100q", id)
		}
		files[hashed].work.id = id
		hashed++
	}
	if hashed == len(files) {
		return hashed, nil
	}
	return hashed, cmp.Or(h.git.wait(), ids.Err(), errIncomplete)
}

var errIncomplete = errors.New("git hash-object: the answer is incomplete")

// end lets git go, and does not wait for that.
func (h *hashing) end() {
	h.paths.Close()
	go func() { _ = h.git.wait() }() // what counted was read
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
