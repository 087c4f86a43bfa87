package ui

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// Style is how progress is shown.
type Style int

const (
	// Silent shows none.
	Silent Style = iota
	// Lines is for logs: a whole line after 5 s, then every 30 s.
	Lines
	// Bar is for terminals: one line that is drawn over and over. It needs a
	// terminal that obeys escape sequences.
	Bar
)

// The times of a style: how often it looks at a transfer, when it first shows
// something, and how long it then waits each time.
const (
	barTick, firstBar              = 100 * time.Millisecond, 200 * time.Millisecond
	lineTick, firstLine, nextLines = time.Second, 5 * time.Second, 30 * time.Second
)

// ChooseStyle decides by --progress: [Never] is silent, [Always] is a bar
// wherever standard error goes, [Auto] is a bar on a terminal whose TERM is not
// dumb, and lines elsewhere.
func ChooseStyle(when When, stderr *os.File, getenv func(string) string) Style {
	switch {
	case when == Never:
		return Silent
	case obeysEscapes(stderr, getenv) || when == Always:
		return Bar
	default:
		return Lines
	}
}

// Progress shows transfers, one at a time, on a [Screen].
type Progress struct {
	screen *Screen
	style  Style
}

// NewProgress shows transfers on screen in one style.
func NewProgress(screen *Screen, style Style) *Progress {
	return &Progress{screen: screen, style: style}
}

// showing shows one transfer from its beginning to its end, in a goroutine of
// its own.
type showing struct {
	once   sync.Once
	stop   chan struct{} // closed by End
	done   chan struct{} // closed when nothing is drawn any more
	broken error         // a panic, once done is closed
	silent bool
}

// begin shows what look returns, again and again.
func (s *showing) begin(p *Progress, look func(now time.Time) frame) {
	s.stop, s.done = make(chan struct{}), make(chan struct{})
	if s.silent = p.style == Silent; s.silent {
		close(s.done)
		return
	}
	began := time.Now()
	go func() {
		defer close(s.done)
		s.broken = fault.Catch(func() error {
			p.show(began, look, s.stop)
			return nil
		})
	}()
}

// show draws until stop is closed.
func (p *Progress) show(began time.Time, look func(now time.Time) frame, stop <-chan struct{}) {
	defer p.screen.draw("")
	tick, due, pause := lineTick, firstLine, nextLines
	if p.style == Bar {
		tick, due, pause = barTick, firstBar, 0
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		now := time.Now()
		frame := look(now) // each time: the rate is taken from what was seen
		age := now.Sub(began)
		if age < due {
			continue
		}
		due = age + pause
		if p.style == Bar {
			p.screen.draw(frame.line(p.screen.room()))
		} else {
			fmt.Fprintln(p.screen, frame.log())
		}
	}
}

// End takes the bar away. When it returns nothing more is shown, whatever is
// reported later. It may be called more than once, and panics if the drawing
// did.
func (s *showing) End() {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	fault.Raise(s.broken)
}
