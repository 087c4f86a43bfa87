package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Inputs is a list of inputs, which is never in memory as a whole. An invalid
// entry yields an error, usually a [*ListError], and the list continues after it.
type Inputs = iter.Seq2[Input, error]

// ListError reports an invalid entry, or that the rest of the list cannot be
// read.
type ListError struct {
	List string // the list's name
	Line int    // from 1
	Err  error
}

func (e *ListError) Error() string {
	return fmt.Sprintf("reading %s, line %d: %v", e.List, e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *ListError) Unwrap() error { return e.Err }

// maxEntry is the maximum size of an entry in bytes. The longest path has a few
// thousand.
const maxEntry = 64 << 10

var errLongEntry = errors.New("the line is longer than 64 KiB")

// List is a list of inputs that is read from a stream.
type List struct {
	// Name is the list's name in errors.
	Name   string
	Reader io.Reader
}

// parsed yields an input for each line. It skips empty lines, a byte order mark,
// and the carriage returns of Windows.
func (l List) parsed(terminator byte, parse func(text string) (Input, error)) Inputs {
	return func(yield func(Input, error) bool) {
		buffered := bufio.NewReaderSize(l.Reader, maxEntry)
		if err := usertext.SkipMark(buffered); err != nil {
			yield(Input{}, &ListError{List: l.Name, Line: 1, Err: err})
			return
		}
		for line, ended := 1, false; !ended; line++ {
			text, err := readLine(buffered, terminator)
			ended = err != nil && !errors.Is(err, errLongEntry)
			var input Input
			switch {
			case ended && err != io.EOF: // a partial line is not an entry
				err = usertext.FileReason(err)
			case len(text) > 0:
				input, err = parse(string(text))
			case err == nil || ended:
				err = errNoEntry
			}
			if errors.Is(err, errNoEntry) {
				continue
			}
			if err != nil {
				err = &ListError{List: l.Name, Line: line, Err: err}
			}
			if !yield(input, err) {
				return
			}
		}
	}
}

// readLine returns a line without its terminator, and an empty one if it is too
// long.
func readLine(from *bufio.Reader, terminator byte) ([]byte, error) {
	text, err := from.ReadSlice(terminator)
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = from.ReadSlice(terminator)
		}
		if err == nil || err == io.EOF {
			err = errLongEntry
		}
		return nil, err
	}
	text = bytes.TrimSuffix(text, []byte{terminator})
	if terminator == '\n' {
		text = bytes.TrimSuffix(text, []byte("\r"))
	}
	return text, err
}

// errNoEntry reports a line without an entry, such as a comment.
var errNoEntry = errors.New("no entry")

// Paths parses a list of names, each of which ends with terminator, usually a
// newline or NUL. Each input is a copy of like with its own path.
func (l List) Paths(terminator byte, like Input) Inputs {
	return l.parsed(terminator, func(path string) (Input, error) {
		input := like
		input.Path = asFile(path)
		return input, nil
	})
}

// asFile returns a path that cannot be mistaken for standard input, which lists
// of checksums write as a dash. Paths have slashes on Windows too, because
// sha256sum escapes backslashes.
func asFile(path string) string {
	if path == "-" {
		return "./-"
	}
	return filepath.ToSlash(path)
}
