// Package jsonfile reads small JSON documents that people edit and other
// programs write: settings, not data. Comments, trailing commas and a byte
// order mark are accepted.
//
// It refuses what is no regular file, and more than [MaxSize] bytes, so that
// nothing in a stranger's directory can make it wait or fill the memory. Its
// errors name the place and never repeat a value, which may be a secret. Start
// at [Read].
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/tidwall/jsonc"

	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// MaxSize is the most bytes that a document may have.
const MaxSize = 1 << 20

// ErrNotRegular reports a directory, a FIFO or another file that holds no document.
var ErrNotRegular = errors.New("it is not a regular file")

// SyntaxError is a document that cannot be understood.
type SyntaxError struct {
	// Line and Column count from 1; columns are characters.
	Line, Column int
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Read decodes the file into document, as [json.Unmarshal] does. The error is
// one of the file system (without the path), one of this package, or a
// [*SyntaxError].
func Read(path string, document any) error {
	// Nothing waits for the other end of a FIFO.
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

// errEmpty reports a file that a full disk or a killed program left.
var errEmpty = errors.New("it is empty: remove it, or write {} to it")

func decode(data []byte, document any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return errEmpty
	}
	// All offsets stay what they were.
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
		return newSyntaxError(data, mistyped.Offset, mistake(mistyped))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return newSyntaxError(data, int64(len(data)), "it ends too early")
	default: // of an unknown member there is nothing but text
		return newSyntaxError(data, 1, strings.TrimPrefix(err.Error(), "json: "))
	}
}

// newSyntaxError finds the line and column of the byte that ends at offset.
func newSyntaxError(data []byte, offset int64, reason string) *SyntaxError {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return &SyntaxError{Line: line, Column: column, Reason: reason}
}

// mistake says what a value is instead of what it must be.
func mistake(e *json.UnmarshalTypeError) string {
	want := "an object"
	switch e.Type.Kind().String() {
	case "string":
		want = "a string"
	case "bool":
		want = "true or false"
	case "slice", "array":
		want = "an array"
	case "int", "int64":
		want = "a whole number"
	}
	found, _, _ := strings.Cut(e.Value, " ") // "number 12" repeats the value
	if e.Field == "" {
		return fmt.Sprintf("the document must be %s, and is of type %s", want, found)
	}
	return fmt.Sprintf("%q must be %s, and is of type %s", e.Field, want, found)
}
