package ui

import (
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether file, which may be nil, is a terminal.
func IsTerminal(file *os.File) bool {
	return file != nil && term.IsTerminal(int(file.Fd()))
}

// Columns returns the current width of the terminal file, or 0 if it is unknown
// or file is nil or not a terminal.
func Columns(file *os.File) int {
	if file == nil {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// supportsEscapes reports whether file is a terminal that supports escape
// sequences.
func supportsEscapes(file *os.File, getenv func(string) string) bool {
	return IsTerminal(file) && getenv("TERM") != "dumb" && enableEscapes(file)
}
