package ui

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes asks the console to interpret escape sequences, which old ones do
// not support. It does not restore the mode: shells set the one that they need.
func enableEscapes(file *os.File) bool {
	console := windows.Handle(file.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return false
	}
	if mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 {
		return true
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
