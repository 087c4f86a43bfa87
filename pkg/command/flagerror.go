package command

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// flagError is what pflag finds wrong with a command line, in our words where
// it is a flag's value.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	return fmt.Errorf("--%s: %w", invalid.GetFlag().Name, valueError(err))
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
