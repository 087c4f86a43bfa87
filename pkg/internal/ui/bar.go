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
	name   string // printable
}

func (p *barPainter) interval() time.Duration { return redraw }

func (p *barPainter) paint(v view) {
	if v.elapsed >= patience {
		p.screen.draw(barLine(p.name, v, p.screen.room()))
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

// barLine is the line for a view, at most room columns wide. Where there is too
// little, the name gives up its beginning, then the gauge goes, then the facts
// that a waiting person needs least.
func barLine(name string, v view, room int) string {
	head := verb(v.stage) + " "
	room -= len(head)
	if room < 0 {
		return head[:max(len(head)+room, 0)]
	}
	nameWidth := uniseg.StringWidth(name)
	facts := factsOf(v)
	for _, i := range [...]int{share, clock, speed, amount} { // by importance
		if facts[i].columns() > room-min(nameWidth, narrowName) {
			facts[i] = fact{}
		}
		room -= facts[i].columns()
	}
	const frame = len(" []")
	if facts[share].width > 0 && room-min(nameWidth, fairName) >= narrowGauge+frame {
		width := min(max(room-nameWidth-frame, narrowGauge), wideGauge)
		facts[share].text = gauge(v, width)
		facts[share].width += width + frame
		room -= width + frame
	}
	var line strings.Builder
	line.WriteString(head + keepEnd(name, room))
	for i, f := range facts {
		switch {
		case f.width == 0:
		case i == clock: // nothing stands behind it
			line.WriteString(gap + f.text)
		default:
			fmt.Fprintf(&line, "%s%*s", gap, f.width, f.text)
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

// gauge draws the share that is done, width columns between brackets. It draws
// in ASCII: a block has no sure width in a terminal for an Asian script, and
// none of the right shape in an old locale.
func gauge(v view, width int) string {
	bar := progressbar.NewOptions64(v.size,
		progressbar.OptionSetWriter(io.Discard), // Screen writes what String gives
		progressbar.OptionSetWidth(width),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetRenderBlankState(true),
	)
	_ = bar.Set64(v.n) // it refuses only what is beyond the size
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
