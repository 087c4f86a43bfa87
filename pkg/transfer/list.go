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

// Inputs is a list of inputs, read as it is gone through and never whole. An
// entry that is no input comes with an error, as a rule a [*ListError], and the
// list goes on behind it.
type Inputs = iter.Seq2[Input, error]

// ListError is an entry of a list that is no input, or the end of a list that
// cannot be read on.
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

// maxEntry is the most bytes of one entry. A path has at most some thousand.
const maxEntry = 64 << 10

var errLongEntry = errors.New("the line is longer than 64 KiB")

// List is where entries are read from.
type List struct {
	// Name stands for it in errors.
	Name   string
	Reader io.Reader
}

// parsed makes an input of each line: of what stands before a terminator. Empty
// lines are left out, and so are a byte order mark and the carriage return of a
// line that ends as on Windows.
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
			case ended && err != io.EOF: // what came of the line is no entry
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

// readLine returns a line without its end. One that is too long has no text.
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

// errNoEntry says that a line is there for people.
var errNoEntry = errors.New("no entry")

// Paths reads a list of names, each of which ends with terminator, as a rule a
// newline or NUL. Each input is like the one given, with its own path.
func (l List) Paths(terminator byte, like Input) Inputs {
	return l.parsed(terminator, func(path string) (Input, error) {
		input := like
		input.Path = asFile(path)
		return input, nil
	})
}

// asFile names a file so that nobody takes it for standard input, which a list
// of checksums writes as a dash. Paths have slashes on Windows too: sha256sum
// would escape backslashes.
func asFile(path string) string {
	if path == "-" {
		return "./-"
	}
	return filepath.ToSlash(path)
}
