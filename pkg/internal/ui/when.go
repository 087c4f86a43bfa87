package ui

import "fmt"

// When is the value of --progress and --color.
type When string

// The values of a [When]. Auto depends on where the output goes.
const (
	Auto   When = "auto"
	Always When = "always"
	Never  When = "never"
)

// ParseWhen reads auto, always or never.
func ParseWhen(word string) (When, error) {
	switch when := When(word); when {
	case Auto, Always, Never:
		return when, nil
	}
	return "", fmt.Errorf("%q is not auto, always or never", word)
}
