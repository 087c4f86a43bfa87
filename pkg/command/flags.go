package command

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// optional is the value of a flag that may be given and empty.
type optional struct {
	given bool
	text  string
}

// String is the value.
func (o *optional) String() string { return o.text }

// Set takes any value, also an empty one.
func (o *optional) Set(text string) error {
	*o = optional{given: true, text: text}
	return nil
}

// Type names the value in a help text.
func (o *optional) Type() string { return "string" }

// choice is a switch that may be left alone.
type choice struct{ made *bool }

// String is empty where it was left alone.
func (c *choice) String() string {
	if c.made == nil {
		return ""
	}
	return strconv.FormatBool(*c.made)
}

// Set reads true or false.
func (c *choice) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", text)
	}
	c.made = &on
	return nil
}

// Type names the value in a help text.
func (c *choice) Type() string { return "bool" }

// IsBoolFlag lets the flag stand without a value.
func (c *choice) IsBoolFlag() bool { return true }

// seconds is a flag's time: a Go duration, or a plain number of seconds. 0 is
// no limit.
type seconds time.Duration

// String is empty for no limit.
func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Set reads a time of 0 or more.
func (s *seconds) Set(text string) error {
	duration, err := time.ParseDuration(text)
	if number, numberErr := strconv.ParseFloat(text, 64); numberErr == nil {
		duration, err = time.Duration(number*float64(time.Second)), nil
		// More than fits, less than a nanosecond, which is not no limit, or no number.
		if !(number < math.MaxInt64/float64(time.Second)) || duration == 0 && number != 0 {
			err = strconv.ErrRange
		}
	}
	if err != nil || duration < 0 {
		return fmt.Errorf("%q is neither a number of seconds nor a duration such as 1m30s", text)
	}
	*s = seconds(duration)
	return nil
}

// Type names the value in a help text.
func (s *seconds) Type() string { return "TIME" }

// pasted is the value of a flag that people copy from elsewhere, cleaned and
// checked.
type pasted string

// String is the value.
func (p *pasted) String() string { return string(*p) }

// Set checks a value.
func (p *pasted) Set(text string) error {
	value, err := usertext.ParseValue(text)
	*p = pasted(value)
	return err
}

// Type names the value in a help text.
func (p *pasted) Type() string { return "string" }

// byteRate is a flag's number of bytes a second.
type byteRate struct {
	text      string
	perSecond int64
}

// String is what was given.
func (r *byteRate) String() string { return r.text }

// Set reads a size above 0.
func (r *byteRate) Set(text string) error {
	size, err := ui.ParseSize(strings.TrimSuffix(text, "/s"))
	if err != nil {
		return err
	}
	if size < 1 {
		return fmt.Errorf("%q would send nothing", text)
	}
	*r = byteRate{text, size}
	return nil
}

// Type names the value in a help text.
func (r *byteRate) Type() string { return "RATE" }

// requestRate is a flag's number of requests in a time.
type requestRate struct {
	text      string
	perSecond float64
}

// String is what was given.
func (r *requestRate) String() string { return r.text }

// Set reads a number, and perhaps the time that it is for.
func (r *requestRate) Set(text string) error {
	number, unit, given := strings.Cut(text, "/")
	seconds, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !given {
		seconds, ok = 1, true
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || n == 0 || !ok {
		return fmt.Errorf("%q is no number of requests a second, minute or hour, such as 100/m", text)
	}
	*r = requestRate{text, float64(n) / seconds}
	return nil
}

// Type names the value in a help text.
func (r *requestRate) Type() string { return "RATE" }

// flagError says in our words what pflag finds wrong with a command line.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &invalid):
		return usage("--%s: %w", invalid.GetFlag().Name, valueError(err))
	case errors.As(err, &missing):
		return usage("--%s: it needs a value", missing.GetFlag().Name)
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = name[1:] // without what follows it, which may be a secret: -H'Authorization: ...'
		}
		return &usageError{fmt.Errorf("unknown flag: %s", name), cmp.Or(strangers[name], seeHelp)}
	}
	return usage("%w", err)
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

// environmentAnnotation marks a flag that a variable may set too.
const environmentAnnotation = "artifact_environment"

// readsEnvironment lets the variable ARTIFACT_NAME set a flag.
func readsEnvironment(flags *pflag.FlagSet, name string) {
	if err := flags.SetAnnotation(name, environmentAnnotation, nil); err != nil {
		panic(err) // the flag was registered a line above
	}
}

func variableOf(flag *pflag.Flag) string {
	return "ARTIFACT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// setFromEnvironment gives each flag that is not on the command line its
// variable's value. An empty variable is one that is not set.
func setFromEnvironment(flags *pflag.FlagSet, getenv func(string) string) (err error) {
	flags.VisitAll(func(flag *pflag.Flag) {
		_, reads := flag.Annotations[environmentAnnotation]
		value := getenv(variableOf(flag))
		if !reads || flag.Changed || value == "" || err != nil {
			return
		}
		if flagErr := flags.Set(flag.Name, value); flagErr != nil {
			err = &settings.Error{Origin: variableOf(flag), Err: valueError(flagErr)}
		}
	})
	return err
}

// noDigest is the algorithm of an id that is a key.
const noDigest = "none"

// parseIDAs takes an id and the algorithms that it may be a digest of: by its
// form, or as somebody says.
func parseIDAs(text, algorithm string) (artifact.ID, []transfer.Algorithm, error) {
	id, err := artifact.ParseID(text)
	if err != nil {
		return "", nil, err
	}
	switch algorithm {
	case "":
		return id, transfer.AlgorithmsOf(id), nil
	case noDigest:
		return id, nil, nil
	}
	said, err := transfer.ParseAlgorithm(algorithm)
	if err != nil {
		return "", nil, err
	}
	if !slices.Contains(transfer.AlgorithmsOf(id), said) {
		return "", nil, fmt.Errorf("%s has not the form of a %s digest", id, said)
	}
	return id, []transfer.Algorithm{said}, nil
}
