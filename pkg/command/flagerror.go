package command

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// flagError is what pflag finds wrong with the command line of a command, in our
// words.
func flagError(command string, err error) error {
	failed := &usageError{command: command, err: err}
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &invalid):
		failed.err = fmt.Errorf("--%s: %w", invalid.GetFlag().Name, valueError(err))
	case errors.As(err, &missing):
		failed.err = fmt.Errorf("--%s: it needs a value", missing.GetFlag().Name)
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = name[1:] // without what follows it, which may be a secret: -H'Authorization: ...'
		}
		failed.err, failed.next = fmt.Errorf("unknown flag: %s", name), strangers[name]
	}
	return failed
}

// valueError is what is wrong with a flag's value, without the flag.
func valueError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	var number *strconv.NumError
	switch cause := invalid.Unwrap(); {
	case !errors.As(cause, &number):
		return cause
	case invalid.GetFlag().Value.Type() == "bool":
		return fmt.Errorf("%q is neither true nor false", invalid.GetValue())
	case errors.Is(number, strconv.ErrRange):
		return fmt.Errorf("%q is too large", invalid.GetValue())
	default:
		return fmt.Errorf("%q is no number of 0 or more", invalid.GetValue())
	}
}
