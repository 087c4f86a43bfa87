package transfer

import (
	"errors"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// errNoSum reports a line that is not in the format of sha256sum.
var errNoSum = errors.New("it is neither HASH  PATH nor NAME (PATH) = HASH")

// Sums parses the output of put, or of sha256sum and similar programs, in both of
// their forms:
//
//	5891b5…  path
//	SHA256 (path) = 5891b5…
//
// Each input has the id of its line. The path - was standard input, whose bytes
// are gone; it is [Input.Remote].
func (l List) Sums() Inputs { return l.parsed('\n', parseSum) }

// IDs parses what [List.Sums] does, and lines of only an id, as put -q prints
// them.
func (l List) IDs() Inputs {
	return l.parsed('\n', func(line string) (Input, error) {
		if strings.Contains(line, " ") {
			return parseSum(line)
		}
		return parseBareID(line)
	})
}

// BareIDs reads a list of ids, each of which ends with terminator, usually a newline
// or NUL.
func (l List) BareIDs(terminator byte) Inputs { return l.parsed(terminator, parseBareID) }

func parseBareID(text string) (Input, error) {
	id, err := artifact.ParseID(text)
	return Input{ID: id, Remote: true, Digests: AlgorithmsOf(id)}, err
}

func parseSum(line string) (Input, error) {
	text, escaped := strings.CutPrefix(line, `\`)
	hash, path, ok := splitSum(text)
	if !ok && strings.HasPrefix(text, "#") {
		return Input{}, errNoEntry
	}
	if !ok {
		return Input{}, errNoSum
	}
	if escaped {
		for _, part := range []*string{&hash, &path} {
			var err error
			if *part, err = unescape(*part); err != nil {
				return Input{}, err
			}
		}
	}
	id, err := artifact.ParseID(hash)
	if err != nil {
		return Input{}, err
	}
	if path == "-" {
		return Input{Path: path, ID: id, Remote: true, Digests: AlgorithmsOf(id)}, nil
	}
	return Input{Path: path, ID: id}, nil
}

// splitSum returns the parts of a line. An id contains no space, so the first
// space distinguishes the forms.
func splitSum(line string) (hash, path string, ok bool) {
	first, rest, ok := strings.Cut(line, " ")
	if !ok || first == "" || len(rest) < 2 {
		return "", "", false
	}
	switch rest[0] {
	case ' ', '*': // text and binary mode
		return first, rest[1:], true
	case '(':
		end := strings.LastIndex(rest, ") = ")
		if end < 1 || !isSumName(first) {
			return "", "", false
		}
		return rest[end+len(") = "):], rest[1:end], rest[1:end] != ""
	}
	return "", "", false
}

// isSumName reports whether a word is the name of an algorithm, as programs spell
// them before a parenthesis: SHA256, SHA512, BLAKE3 or another.
func isSumName(word string) bool {
	return strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/") == ""
}

// unescape reverses sha256sum's escaping of names that contain a newline.
func unescape(text string) (string, error) {
	var plain strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, `\`)
		plain.WriteString(before)
		if !found {
			return plain.String(), nil
		}
		if after == "" {
			return "", errors.New(`it ends in the middle of an escape`)
		}
		switch after[0] {
		case 'n':
			plain.WriteByte('\n')
		case 'r':
			plain.WriteByte('\r')
		case '\\':
			plain.WriteByte('\\')
		default:
			return "", errors.New(`it contains an escape other than \n, \r and \\`)
		}
		rest = after[1:]
	}
}
