package ui

import (
	"fmt"
	"slices"
)

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

var whenWords = [...]string{Auto: "auto", Always: "always", Never: "never"}

// String returns the word that [When.Set] takes.
func (w When) String() string { return whenWords[w] }

// Set takes auto, always or never.
func (w *When) Set(word string) error {
	i := slices.Index(whenWords[:], word)
	if i < 0 {
		return fmt.Errorf("%q is not auto, always or never", word)
	}
	*w = When(i)
	return nil
}

// Type names the values in a help text.
func (When) Type() string { return "auto|always|never" }
