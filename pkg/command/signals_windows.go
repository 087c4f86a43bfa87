package command

import "os"

// forwarded is caught and not passed on: the console sends its events to every process that is
// attached to it.
var forwarded = []os.Signal{os.Interrupt}

func fromTerminal() bool { return true }

func exitCodeOf(state *os.ProcessState) int { return state.ExitCode() }
