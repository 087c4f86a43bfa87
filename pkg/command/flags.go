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

// commonOptions are the flags of every command.
type commonOptions struct {
	api, team            string
	json, quiet, verbose bool
	progress, color      ui.When
}

func (o *commonOptions) register(flags *pflag.FlagSet) {
	parsedFlag(flags, &o.api, "api", "URL", "base URL of the cache (default: Vercel's)", usertext.ParseValue)
	parsedFlag(flags, &o.team, "team", "SLUG|team_ID", "team, by its slug or its id", usertext.ParseValue)
	flags.BoolVar(&o.json, "json", false, "print results as JSON, one object per line")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print only bare results and errors")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "print a line for each request")
	o.progress, o.color = ui.Auto, ui.Auto
	parsedFlag(flags, &o.progress, "progress", "auto|always|never", "show progress (default auto)", ui.ParseWhen)
	parsedFlag(flags, &o.color, "color", "auto|always|never", "use colour (default auto)", ui.ParseWhen)
	readEnvironment(flags, "json", "quiet", "verbose", "progress", "color")
}

// newFlagSet returns a flag set that help lists in order of definition.
func newFlagSet() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SortFlags = false
	return flags
}

// parsedFlag registers a flag whose value parse converts. The name may be
// followed by a comma and a shorthand; value is its placeholder in help.
func parsedFlag[T any](flags *pflag.FlagSet, to *T, name, value, usage string, parse func(string) (T, error)) {
	name, shorthand, _ := strings.Cut(name, ",")
	flags.VarP(&flagValue{value, func(text string) (err error) {
		*to, err = parse(text)
		return err
	}}, name, shorthand, usage)
}

// stringFlag registers a flag whose value is any text.
func stringFlag(flags *pflag.FlagSet, to *string, name, value, usage string) {
	parsedFlag(flags, to, name, value, usage, func(text string) (string, error) { return text, nil })
}

// fileFlag registers a flag whose value is the name of a file or directory.
func fileFlag(flags *pflag.FlagSet, to *string, name, value, usage string) {
	parsedFlag(flags, to, name, value, usage, parseFileName)
}

// parseFileName refuses an empty name, as of a variable that is not set: the flag
// would silently have no effect.
func parseFileName(text string) (string, error) {
	if text == "" {
		return "", errors.New("the file name is empty: check the variable that it comes from")
	}
	return text, nil
}

// parseCount parses the value of a flag that takes a number.
func parseCount(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%q is too large", text)
	case err != nil:
		return 0, fmt.Errorf("must be a whole number, 0 or more, not %q", text)
	}
	return n, nil
}

// flagValue is the value of a flag. Its type is the placeholder in help.
type flagValue struct {
	placeholder string
	set         func(string) error
}

func (v *flagValue) Set(text string) error { return v.set(text) }

func (v *flagValue) Type() string { return v.placeholder }

// String returns an empty string: a flag's text describes its default.
func (v *flagValue) String() string { return "" }

// environmentAnnotation marks a flag that can also be set by a variable.
const environmentAnnotation = "artifact_environment"

// readEnvironment allows a variable ARTIFACT_NAME to set each of these flags.
func readEnvironment(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if err := flags.SetAnnotation(name, environmentAnnotation, nil); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// variableOf returns the name of a flag's variable.
func variableOf(flag *pflag.Flag) string {
	return "ARTIFACT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// setFromEnvironment sets each flag that the command line does not set to the
// value of its variable. An empty variable counts as unset.
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

// flagError rewords pflag's errors.
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
			name = name[1:] // without the rest, which may be a secret: -H'Authorization: ...'
		}
		return &usageError{fmt.Errorf("unknown flag: %s", name), cmp.Or(foreign[name], seeHelp)}
	}
	return usage("%w", err)
}

// valueError returns the error of a flag's value, without the flag's name.
func valueError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	if strings.HasPrefix(invalid.GetFlag().Value.Type(), "bool") {
		return fmt.Errorf("%q is neither true nor false", invalid.GetValue())
	}
	return invalid.Unwrap()
}

// parseSeconds parses a Go duration, or a plain number of seconds.
func parseSeconds(text string) (time.Duration, error) {
	duration, err := time.ParseDuration(text)
	if number, numberErr := strconv.ParseFloat(text, 64); numberErr == nil {
		duration, err = time.Duration(number*float64(time.Second)), nil
		// Too large, NaN, or less than a nanosecond, which must not become 0: that means no limit.
		if !(number < math.MaxInt64/float64(time.Second)) || duration == 0 && number != 0 {
			err = strconv.ErrRange
		}
	}
	if err != nil || duration < 0 {
		return 0, fmt.Errorf("%q is neither a number of seconds nor a duration such as 1m30s", text)
	}
	return duration, nil
}

// parseByteRate parses a number of bytes per second, above 0.
func parseByteRate(text string) (int64, error) {
	size, err := ui.ParseSize(strings.TrimSuffix(text, "/s"))
	if err == nil && size < 1 {
		err = fmt.Errorf("%q would send nothing", text)
	}
	return size, err
}

// parseRequestRate parses a number of requests, by default per second, and
// returns it per second.
func parseRequestRate(text string) (float64, error) {
	number, unit, given := strings.Cut(text, "/")
	seconds, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !given {
		seconds, ok = 1, true
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || n == 0 || !ok {
		return 0, fmt.Errorf("%q is not a number of requests per second, minute or hour, such as 100/m", text)
	}
	return float64(n) / seconds, nil
}

// digestsOf returns the algorithms whose digest an id may be: the named one, none
// for "none", and by default those that fit its form.
func digestsOf(id artifact.ID, name string) ([]transfer.Algorithm, error) {
	switch name {
	case "":
		return transfer.AlgorithmsOf(id), nil
	case "none":
		return nil, nil
	}
	algorithm, err := transfer.ParseAlgorithm(name)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(transfer.AlgorithmsOf(id), algorithm) {
		return nil, fmt.Errorf("%s does not look like a %s digest", id, algorithm)
	}
	return []transfer.Algorithm{algorithm}, nil
}
