package ui

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrSize is wrapped by the errors of [ParseSize].
var ErrSize = errors.New("not a size")

// units are powers of 1024.
var units = [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}

// Size formats a number of bytes for people: "512 B", "12.3 MiB".
func Size(bytes int64) string { return scaled(float64(bytes)) }

// Rate formats bytes per second for people: "3.1 MiB/s".
func Rate(bytesPerSecond float64) string { return scaled(bytesPerSecond) + "/s" }

func scaled(n float64) string {
	unit := unitOf(n)
	return inUnit(n, unit) + " " + units[unit]
}

// sizesOf formats two sizes in the unit of the second, which alone has it.
func sizesOf(n, size int64) (string, string) {
	unit := unitOf(float64(size))
	return inUnit(float64(n), unit), Size(size)
}

// unitOf returns the power of 1024 in which to format n.
func unitOf(n float64) int {
	unit := 0
	// A number that rounds to 1024 belongs to the next unit.
	for limit := 1023.5; n >= limit && unit < len(units)-1; limit = 1023.95 {
		n /= 1024
		unit++
	}
	return unit
}

func inUnit(n float64, unit int) string {
	return strconv.FormatFloat(max(n, 0)/math.Pow(1024, float64(unit)), 'f', min(unit, 1), 64)
}

// Duration formats whole seconds for people: "28s", "1m02s", "3h00m09s".
func Duration(d time.Duration) string {
	seconds := int64(max(d, 0).Round(time.Second) / time.Second)
	hours, minutes, seconds := seconds/3600, seconds/60%60, seconds%60
	switch {
	case hours > 0:
		return fmt.Sprintf("%dh%02dm%02ds", hours, minutes, seconds)
	case minutes > 0:
		return fmt.Sprintf("%dm%02ds", minutes, seconds)
	default:
		return fmt.Sprintf("%ds", seconds)
	}
}

// ParseSize parses a number of bytes: a decimal number, optionally with one of K,
// M, G, T, P and E, in either case, for powers of 1024. "iB" may follow the
// letter, so that it accepts the output of [Size]. Fractions of a byte are
// dropped. Its errors wrap [ErrSize].
func ParseSize(text string) (int64, error) {
	number, unit := text, ""
	// ParseFloat would also take -1, 1e9, 0x1p3 and Inf.
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); i >= 0 {
		number, unit = text[:i], strings.TrimPrefix(text[i:], " ")
	}
	factor := 1.0
	if unit != "" && unit != "B" {
		letter := strings.ToUpper(strings.TrimSuffix(unit, "iB"))
		power := strings.Index("KMGTPE", letter)
		if len(letter) != 1 || power < 0 {
			return 0, sizeError(text)
		}
		factor = math.Pow(1024, float64(power+1))
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || value*factor >= math.MaxInt64 {
		return 0, sizeError(text)
	}
	return int64(value * factor), nil
}

func sizeError(text string) error {
	return fmt.Errorf("%q is %w: use a number such as 500K, 10M or 2G", text, ErrSize)
}
