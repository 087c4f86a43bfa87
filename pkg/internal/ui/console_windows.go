package ui

import (
	"os"

	"golang.org/x/sys/windows"
)

// Setting the mode of a console's input needs write access.
func openConsole() (in, out *os.File, err error) {
	if in, err = os.OpenFile("CONIN$", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0); err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// hideTyping turns off echo until restore is called. Both discard unread input: a
// shell would show the rest of a secret at its next prompt.
func hideTyping(in *os.File) (restore func(), err error) {
	console := windows.Handle(in.Fd())
	var before uint32
	if err := windows.GetConsoleMode(console, &before); err != nil {
		return nil, err
	}
	hidden := before&^windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT | windows.ENABLE_PROCESSED_INPUT
	set := func(mode uint32) error {
		_ = windows.FlushConsoleInputBuffer(console)
		return windows.SetConsoleMode(console, mode)
	}
	return func() { _ = set(before) }, set(hidden)
}
