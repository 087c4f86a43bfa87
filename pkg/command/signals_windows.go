package command

import "os"

// forwarded is caught but not forwarded: the console sends its events to all
// processes.
var forwarded = []os.Signal{os.Interrupt}

func fromTerminal() bool { return true }

func exitCodeOf(state *os.ProcessState) int { return state.ExitCode() }
