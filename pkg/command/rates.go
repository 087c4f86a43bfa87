package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

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
