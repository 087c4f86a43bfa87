package ui

import "os"

// Palette colours words. Colour is never the only carrier of a meaning. The zero
// value leaves text as it is.
type Palette struct {
	on bool
}

// NewPalette decides whether what goes to file is coloured. [Auto] means: on a
// terminal whose TERM is not dumb, or if FORCE_COLOR is set (to something other
// than 0 or false), unless NO_COLOR is set. An empty variable counts as unset.
// [Always] and [Never] ignore the environment.
func NewPalette(when When, file *os.File, getenv func(string) string) Palette {
	switch when {
	case Always:
	case Never:
		return Palette{}
	default:
		force := getenv("FORCE_COLOR")
		switch {
		case getenv("NO_COLOR") != "", force == "0", force == "false":
			return Palette{}
		case force == "":
			return Palette{on: obeysEscapes(file, getenv)}
		}
	}
	if IsTerminal(file) {
		enableEscapes(file)
	}
	return Palette{on: true}
}

// Error is for what failed: red.
func (p Palette) Error(text string) string { return p.paint("31", text) }

// Warning is for what deserves a look: yellow.
func (p Palette) Warning(text string) string { return p.paint("33", text) }

func (p Palette) paint(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
