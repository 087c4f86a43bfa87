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
	// Silent shows nothing.
	Silent Style = iota
	// Lines is for logs: a line after 5 s, then every 30 s.
	Lines
	// Bar is one line that is redrawn, for terminals that support escape
	// sequences.
	Bar
)

// The times of a style: how often it checks a transfer, when it first shows
// something, and how often it updates that.
const (
	barTick, firstBar              = 100 * time.Millisecond, 200 * time.Millisecond
	lineTick, firstLine, nextLines = time.Second, 5 * time.Second, 30 * time.Second
	calmPause                      = 300 * time.Millisecond
)

// longTick between two ticks means that the process was suspended, or else that
// the machine is busy.
const longTick = 4 * barTick

// ChooseStyle returns the style for --progress. [Never] is silent, [Always] a bar
// wherever standard error goes, and [Auto] a bar on a terminal whose TERM is not
// dumb, and lines elsewhere.
func ChooseStyle(when When, stderr *os.File, getenv func(string) string) Style {
	switch {
	case when == Never:
		return Silent
	case supportsEscapes(stderr, getenv) || when == Always:
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

// NewProgress returns a Progress that shows transfers on screen in one style.
func NewProgress(screen *Screen, style Style) *Progress {
	return &Progress{screen: screen, style: style}
}

// showing shows one transfer, in a goroutine of its own.
type showing struct {
	once   sync.Once
	stop   chan struct{} // closed by End
	done   chan struct{} // closed after the last drawing
	broken error         // a panic, once done is closed
	silent bool
}

// begin repeatedly shows what look returns.
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
	defer p.screen.draw("", true)
	tick, due, pause := lineTick, firstLine, nextLines
	if p.style == Bar {
		tick, due, pause = barTick, firstBar, 0
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last, room := began, p.screen.room()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		now := time.Now()
		frame := look(now) // each time, for the rate
		suspended := now.Sub(last) > longTick
		last = now
		age := now.Sub(began)
		if age < due {
			continue
		}
		due = age + pause
		if p.style != Bar {
			fmt.Fprintln(p.screen, frame.log())
			continue
		}
		before := room
		room = p.screen.room()
		if frame.calm {
			due = age + calmPause
		}
		p.screen.draw(frame.line(room), !frame.calm || suspended || room != before)
	}
}

// End removes the bar. Later reports are not shown. It may be called more than
// once, and panics if the drawing did.
func (s *showing) End() {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	fault.Raise(s.broken)
}
