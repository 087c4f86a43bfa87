package ui

import (
	"os"

	"golang.org/x/term"
)

// IsTerminal tells whether a terminal is behind file, which may be nil.
func IsTerminal(file *os.File) bool {
	return file != nil && term.IsTerminal(int(file.Fd()))
}

// Columns is the width of the terminal behind file at this moment, or 0 where
// there is none or it does not tell.
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

// obeysEscapes tells whether file is a terminal that takes escape sequences
// for colours and movements.
func obeysEscapes(file *os.File, getenv func(string) string) bool {
	return IsTerminal(file) && getenv("TERM") != "dumb" && enableEscapes(file)
}
