package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

const (
	// patience is how long a transfer runs before anything is drawn.
	patience = 200 * time.Millisecond
	redraw   = 100 * time.Millisecond

	gap = "  " // before each fact
	// The columns of a name that no fact may take, and that no gauge may.
	narrowName, fairName = 5, 12
	// The columns between the brackets of a gauge.
	narrowGauge, wideGauge = 6, 30
)

// barPainter draws a transfer on one line of a terminal.
type barPainter struct {
	screen *Screen
}

func (p *barPainter) interval() time.Duration { return redraw }

func (p *barPainter) paint(s scene) {
	if s.age() >= patience {
		p.screen.draw(s.bar(p.screen.room()))
	}
}

func (p *barPainter) end() { p.screen.draw("") }

// fact is a part of the line behind the name, in a column of its own: the line
// stands still while its numbers change.
type fact struct {
	text  string
	width int // at least; 0 for a fact that is not told
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

// barLine is the line for a view, at most room columns wide.
func barLine(name string, v view, room int) string {
	head := verb(v.stage) + " "
	return frame{head: head, name: name, narrow: narrowName, fair: fairName, facts: factsOf(v)}.line(v.n, v.size, room)
}

// frame is what a bar is made of.
type frame struct {
	head, name string
	// The columns of the name that no fact may take, and that no gauge may.
	narrow, fair int
	facts        [4]fact
}

// line puts the parts together, at most room columns wide, with a gauge for n of
// size. Where there is too little, the name gives up its beginning, then the
// gauge goes, then the facts that a waiting person needs least.
func (f frame) line(n, size int64, room int) string {
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
	if f.facts[share].width > 0 && room-min(nameWidth, f.fair) >= narrowGauge+brackets {
		width := min(max(room-nameWidth-brackets, narrowGauge), wideGauge)
		f.facts[share].text = gauge(n, size, width)
		f.facts[share].width += width + brackets
		room -= width + brackets
	}
	var line strings.Builder
	line.WriteString(f.head + keepEnd(f.name, room))
	for i, fact := range f.facts {
		switch {
		case fact.width == 0:
		case i == clock: // nothing stands behind it
			line.WriteString(gap + fact.text)
		default:
			fmt.Fprintf(&line, "%s%*s", gap, fact.width, fact.text)
		}
	}
	return strings.TrimRight(line.String(), " ")
}

func factsOf(v view) (facts [4]fact) {
	switch v.stage {
	case hashing, uploading, downloading:
		facts[share] = fact{fmt.Sprintf("%d%%", v.percent()), len("100%")}
		done, total := sizesOf(v.n, v.size)
		facts[amount] = fact{done + "/" + total, 2*len(total) - len(" MiB") + len("/")}
		facts[speed] = fact{v.rateText(), len("100.0 MiB/s")}
		facts[clock] = fact{v.leftText(), len("9m59s left")}
	case reading, receiving:
		facts[amount] = fact{Size(v.n), len("100.0 MiB")}
		facts[speed] = fact{v.rateText(), len("100.0 MiB/s")}
		facts[clock] = fact{Duration(v.inStage), len("9m59s")}
	case waiting:
		facts[amount] = fact{Size(v.n) + " sent", len("100.0 MiB sent")}
		facts[clock] = fact{Duration(v.inStage), len("9m59s")}
	default:
		facts[clock] = fact{Duration(v.inStage), len("9m59s")}
	}
	return facts
}

// gauge draws the share of size that is done, width columns between brackets. It draws
// in ASCII: a block has no sure width in a terminal for an Asian script, and
// none of the right shape in an old locale.
func gauge(n, size int64, width int) string {
	bar := progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(io.Discard), // Screen writes what String gives
		progressbar.OptionSetWidth(width),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetRenderBlankState(true),
	)
	_ = bar.Set64(n) // it refuses only what is beyond the size
	return strings.TrimSpace(bar.String())
}

// keepEnd cuts a name to a width: the end of a path tells more than its
// beginning.
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
