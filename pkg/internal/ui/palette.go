package ui

import "os"

// Palette colours text, but colour never carries meaning by itself. The zero
// value does not colour.
type Palette struct {
	on bool
}

// NewPalette returns the palette for file. With [Auto] it colours on a terminal
// whose TERM is not dumb, or if FORCE_COLOR is set (but not to 0 or false),
// unless NO_COLOR is set. An empty variable counts as unset. [Always] and [Never]
// ignore the environment.
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
			return Palette{on: supportsEscapes(file, getenv)}
		}
	}
	if IsTerminal(file) {
		enableEscapes(file)
	}
	return Palette{on: true}
}

// Error colours failures red.
func (p Palette) Error(text string) string { return p.paint("31", text) }

// Warning colours warnings yellow.
func (p Palette) Warning(text string) string { return p.paint("33", text) }

func (p Palette) paint(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
