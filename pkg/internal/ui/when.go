package ui

import (
	"fmt"
	"slices"
)

// When is the value of --progress and --color, as a flag. The zero value is
// [Auto].
type When int

// The three values of a [When].
const (
	// Auto depends on where the output goes.
	Auto When = iota
	// Always ignores where the output goes.
	Always
	// Never leaves it.
	Never
)

var whenWords = [...]string{Auto: "auto", Always: "always", Never: "never"}

// String returns the word for [When.Set].
func (w When) String() string { return whenWords[w] }

// Set accepts auto, always or never.
func (w *When) Set(word string) error {
	i := slices.Index(whenWords[:], word)
	if i < 0 {
		return fmt.Errorf("%q is not auto, always or never", word)
	}
	*w = When(i)
	return nil
}

// Type returns the values for a help text.
func (When) Type() string { return "auto|always|never" }
