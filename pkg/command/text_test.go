package command

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestNumbersOfFlags tries extreme numbers: invalid ones must not become other
// numbers.
func TestNumbersOfFlags(t *testing.T) {
	t.Parallel()
	wait := func(text string) (any, error) { return parseSeconds(text) }
	duration := func(text string) (any, error) {
		d, err := parseDuration(text)
		if err != nil {
			return nil, err
		}
		return *d, nil
	}
	bytes := func(text string) (any, error) { return parseByteRate(text) }
	requests := func(text string) (any, error) { return parseRequestRate(text) }
	room := func(text string) (any, error) { return parseMaxSize(text) }
	const refused = "refused"
	for _, test := range []struct {
		read       func(string) (any, error)
		text, want string
	}{
		{wait, "0", "0s"},
		{wait, "1.5", "1.5s"},
		{wait, "9223372036", "2562047h47m16s"},
		{wait, "9223372036.854775807", refused},
		{wait, "1e300", refused},
		{wait, "Inf", refused},
		{wait, "NaN", refused},
		{wait, "-1", refused},
		{wait, "-1e300", refused},
		{wait, "-9223372036.854775808", refused},
		{wait, "1e-300", refused}, // it would mean no limit
		{wait, "2562048h", refused},
		{duration, "0", "0s"},
		{duration, "9223372036854", "2562047h47m16.854s"},
		{duration, "9223372036855", refused},
		{duration, "9223372036854775808", refused},
		{duration, "-1", refused},
		{duration, "-9223372036855", refused},
		{duration, "-9223372036854775808", refused},
		{bytes, "10M", "10485760"},
		{bytes, "7E", "8070450532247928832"},
		{bytes, "8E", refused},
		{bytes, "9223372036854775807", refused},
		{bytes, "0", refused},
		{bytes, "0.5", refused},
		{bytes, "-1", refused},
		{requests, "6/m", "0.1"},
		{requests, "2147483648", refused},
		{requests, "0/s", refused},
		{requests, "-1", refused},
		{room, "1", "1"},
		{room, "0", refused},
		{room, "0.9", refused},
		{room, "8E", refused},
		{room, "-1", refused},
	} {
		value, err := test.read(test.text)
		got := fmt.Sprint(value)
		if err != nil {
			got = refused
		}
		if got != test.want {
			t.Errorf("%q: %s (%v), want %s", test.text, got, err, test.want)
		}
	}
}

func TestWaitText(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		150 * time.Second:           "2m30s",
		30 * time.Hour:              "30 hours",
		72 * time.Hour:              "3 days",
		(1<<32 - 1) * time.Second:   "more than 2 years",
		time.Duration(1<<63 - 1):    "more than 2 years",
		1000*24*time.Hour - 1:       "999 days",
		2*time.Hour - time.Second/4: "2h0m0s",
	} {
		if got := waitText(wait); got != want {
			t.Errorf("%v: %s, want %s", wait, got, want)
		}
	}
}

// TestFit wraps between words, and only what is too wide.
func TestFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, want string
		width            int
	}{
		{"fits", "one two\nthree\n", "one two\nthree\n", 10},
		{"a paragraph", "one two\nthree four\n\nfive", "one two\nthree\nfour\n\nfive", 8},
		{"a list", "Codes:\n  1    one two\n  2    three four five six seven\n       eight\n",
			"Codes:\n  1    one two\n  2    three four five six\n       seven eight\n", 31},
		{"a narrow column", "Flags:\n  -a, --all   one two three\n      --bee   four five six seven eight",
			"Flags:\n  -a, --all\n        one two three\n      --bee\n        four five six seven\n        eight", 28},
		{"a long word", "a verylongword b", "a\nverylongword\nb", 5},
		{"an indented line", "  PATH: OK | MISSING | DIFFERS\nThe last", "  PATH: OK |\n  MISSING |\n  DIFFERS\nThe last", 12},
		{"characters, not bytes", "<(…), ééééé", "<(…), ééééé", 11},
	} {
		if got := fit(test.text, test.width); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestErrorText prints one line for each of joined errors, at any depth.
func TestErrorText(t *testing.T) {
	t.Parallel()
	a, b := errors.New("a"), errors.New("b\nb")
	for _, test := range []struct {
		err  error
		want string
	}{
		{a, "a"},
		{b, "b\nb"}, // a name with a newline, which is escaped when it is printed
		{errors.Join(a), "a"},
		{errors.Join(a, b), "a; b\nb"},
		{fmt.Errorf("serving: %w", errors.Join(a, errors.Join(b, a))), "serving: a; b\nb; a"},
		{fmt.Errorf("%w and %w", a, b), "a and b\nb"},
	} {
		if got := errorText(test.err); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
