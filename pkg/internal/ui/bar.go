package ui

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

const (
	gap = "  " // between facts
	// The minimum columns of a file's name next to facts, and next to a gauge.
	narrowName, fairName = 5, 12
	// The columns between the brackets of a gauge.
	narrowGauge, wideGauge = 6, 30
)

// frame is what is shown of a transfer at one moment.
type frame struct {
	// head and name begin a bar. The name has at least narrow columns next to
	// facts and fair columns next to a gauge, which shows n of size.
	head, name   string
	narrow, fair int
	n, size      int64
	facts        [4]fact
	extra        string // comes last, if there is room for all of it
	// calm frames are redrawn seldom, and only when they change.
	calm bool
}

// maxLoggedName is the widest name in a log's line.
const maxLoggedName = 200

// log returns the line for a log.
func (f frame) log() string {
	var facts []string
	for _, fact := range f.facts {
		if fact.text != "" {
			facts = append(facts, fact.text)
		}
	}
	return "artifact: " + f.head + keepEnd(strings.TrimSpace(f.name), maxLoggedName) + ": " + strings.Join(facts, ", ")
}

// fact is a part of the bar after the name, in a column of its own, so that the
// bar does not jitter.
type fact struct {
	text  string
	width int // minimum; 0 omits the fact
}

func (f fact) columns() int {
	if f.width == 0 {
		return 0
	}
	return len(gap) + max(f.width, len(f.text))
}

// The facts, from left to right.
const (
	share = iota
	amount
	speed
	clock
)

// amountOf formats n bytes, of size unless it is -1.
func amountOf(n, size int64) fact {
	if size < 0 {
		return fact{Size(n), len("100.0 MiB")}
	}
	done, all := sizesOf(n, size)
	return fact{done + "/" + all, 2*len(all) - len(" MiB") + len("/")}
}

// line returns a bar of at most room columns. If room is short, it truncates the
// start of the name, then drops the gauge, and then the least important facts.
func (f frame) line(room int) string {
	columns := room
	room -= len(f.head)
	if room < 0 {
		return f.head[:max(len(f.head)+room, 0)]
	}
	nameWidth := uniseg.StringWidth(f.name)
	for _, i := range [...]int{share, clock, speed, amount} { // by importance
		if f.facts[i].columns() > room-min(nameWidth, f.narrow) {
			f.facts[i] = fact{}
		}
		room -= f.facts[i].columns()
	}
	const brackets = len(" []")
	if f.facts[share].width > 0 && f.size >= 0 && room-min(nameWidth, f.fair) >= narrowGauge+brackets {
		width := min(max(room-nameWidth-brackets, narrowGauge), wideGauge)
		f.facts[share].text += " " + gauge(f.n, f.size, width)
		f.facts[share].width += width + brackets
		room -= width + brackets
	}
	var line strings.Builder
	line.WriteString(f.head + keepEnd(f.name, room))
	for i, fact := range f.facts {
		switch {
		case fact.width == 0:
		case i == clock: // it is last
			line.WriteString(gap + fact.text)
		default:
			fmt.Fprintf(&line, "%s%*s", gap, fact.width, fact.text)
		}
	}
	if used := uniseg.StringWidth(line.String()); f.extra != "" && used+len(gap)+len(f.extra) <= columns {
		line.WriteString(gap + f.extra)
	}
	return strings.TrimRight(line.String(), " ")
}

// gauge draws n of size, width columns between brackets, in ASCII: in some
// locales block characters are wide or missing.
func gauge(n, size int64, width int) string {
	done := width
	if n < size {
		done = int(float64(n) / float64(size) * float64(width))
	}
	bar := strings.Repeat("=", done)
	if 0 < done && done < width {
		bar = bar[1:] + ">"
	}
	return fmt.Sprintf("[%-*s]", width, bar)
}

// keepEnd truncates the start of a name to a width, since the end of a path is
// more informative.
func keepEnd(name string, width int) string {
	excess := uniseg.StringWidth(name) - width
	if excess <= 0 {
		return name
	}
	if width <= len(printable.Ellipsis) {
		return printable.Ellipsis[:max(width, 0)]
	}
	excess += len(printable.Ellipsis)
	state := -1
	for excess > 0 && name != "" {
		var columns int
		_, name, columns, state = uniseg.FirstGraphemeClusterInString(name, state)
		excess -= columns
	}
	return printable.Ellipsis + name
}
