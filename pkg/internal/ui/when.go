package ui

import "fmt"

// When is the value of --progress and --color. It has the methods that a flag
// needs; the zero value is [Auto].
type When int

// The three values of a [When].
const (
	// Auto decides by where the output goes.
	Auto When = iota
	// Always does it wherever the output goes.
	Always
	// Never leaves it.
	Never
)

// String gives the word that [When.Set] takes.
func (w When) String() string {
	switch w {
	case Always:
		return "always"
	case Never:
		return "never"
	default:
		return "auto"
	}
}

// Set takes auto, always or never.
func (w *When) Set(word string) error {
	for _, known := range []When{Auto, Always, Never} {
		if word == known.String() {
			*w = known
			return nil
		}
	}
	return fmt.Errorf("%q is none of auto, always and never", word)
}

// Type names the values in a help text.
func (When) Type() string { return "auto|always|never" }
