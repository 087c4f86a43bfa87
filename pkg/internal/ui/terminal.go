package ui

import (
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether file, which may be nil, is a terminal.
func IsTerminal(file *os.File) bool {
	return file != nil && term.IsTerminal(int(file.Fd()))
}

// Columns returns the width of the terminal behind file at this moment, or 0 if
// file is nil, no terminal, or one that does not say.
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

// obeysEscapes reports whether file is a terminal that takes escape sequences
// for colours and movements.
func obeysEscapes(file *os.File, getenv func(string) string) bool {
	return IsTerminal(file) && getenv("TERM") != "dumb" && enableEscapes(file)
}
