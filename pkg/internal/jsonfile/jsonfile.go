// Package jsonfile reads small JSON documents that people edit and other
// programs write: settings, not data. Comments, trailing commas and a byte
// order mark are accepted.
//
// It accepts only regular files of at most [MaxSize] bytes, so that nothing in a
// stranger's directory can make it wait or fill the memory. Its errors give line
// and column, but never repeat a value, which may be a secret.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/tidwall/jsonc"

	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// MaxSize is the maximum size of a document in bytes.
const MaxSize = 1 << 20

// ErrNotRegular reports a directory, a FIFO or another special file.
var ErrNotRegular = errors.New("it is not a regular file")

// SyntaxError is an error in a document.
type SyntaxError struct {
	// Line and Column count from 1; columns are characters.
	Line, Column int
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Read decodes a file like [json.Unmarshal]. The error is the file system's,
// without the path, one of this package, or a [*SyntaxError].
func Read(path string, document any) error {
	// Opening a FIFO must not block.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return usertext.FileReason(err)
	}
	defer file.Close()
	return ReadOpened(file, document)
}

// ReadOpened is [Read] for an open file.
func ReadOpened(file *os.File, document any) error {
	info, err := file.Stat()
	if err != nil {
		return usertext.FileReason(err)
	}
	if !info.Mode().IsRegular() {
		return ErrNotRegular
	}
	data, err := usertext.ReadAll(file, MaxSize)
	if err != nil {
		return err
	}
	return decode(data, document)
}

// errEmpty reports an empty file, which a full disk or a killed program may
// leave.
var errEmpty = errors.New("it is empty: remove it, or write {} to it")

func decode(data []byte, document any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return errEmpty
	}
	// ToJSON keeps all offsets.
	return Explain(data, json.Unmarshal(jsonc.ToJSON(data), document))
}

// Explain turns an error of [json.Unmarshal] or a [json.Decoder] over data into a
// [*SyntaxError].
func Explain(data []byte, err error) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return newSyntaxError(data, syntax.Offset, syntax.Error())
	case errors.As(err, &mistyped):
		return newSyntaxError(data, mistyped.Offset, typeError(mistyped))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return newSyntaxError(data, int64(len(data)), "it ends too early")
	default: // for an unknown member there is only a text
		return newSyntaxError(data, 1, strings.TrimPrefix(err.Error(), "json: "))
	}
}

// newSyntaxError returns an error at the line and column of the byte before
// offset.
func newSyntaxError(data []byte, offset int64, reason string) *SyntaxError {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return &SyntaxError{Line: line, Column: column, Reason: reason}
}

// kinds describes the types of JSON, and the kinds of Go that they fit.
var kinds = map[string]string{
	"object": "an object", "struct": "an object", "map": "an object",
	"array": "an array", "slice": "an array",
	"number": "a number", "float64": "a number", "int": "a whole number", "int64": "a whole number",
	"string": "a string", "bool": "true or false",
}

// typeError describes a value of the wrong type.
func typeError(e *json.UnmarshalTypeError) string {
	name := "the document"
	if e.Field != "" {
		name = strconv.Quote(e.Field)
	}
	must := name + " must be " + kinds[e.Type.Kind().String()]
	if strings.HasPrefix(e.Value, "number ") { // the number itself, which does not fit
		return must
	}
	return must + ", not " + kinds[e.Value]
}
