package ui

import (
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

// painter shows scenes of one transfer, some time apart, and then its end.
type painter interface {
	interval() time.Duration
	paint(scene)
	end()
}

// scene is a transfer at one moment.
type scene interface {
	// age is the time since the transfer began.
	age() time.Duration
	// bar is a line of at most room columns.
	bar(room int) string
	// log tells the same in words.
	log() string
}

// painter is nil where nothing is shown.
func (p *Progress) painter() painter {
	switch p.style {
	case Bar:
		return &barPainter{screen: p.screen}
	case Lines:
		return &linePainter{screen: p.screen}
	}
	return nil
}

// showing is what is seen of a transfer from its beginning to its end. A
// goroutine of its own draws.
type showing struct {
	once   sync.Once
	stop   chan struct{} // closed by End
	done   chan struct{} // closed when nothing is drawn any more
	broken error         // a panic, once done is closed
}

// begin shows what look sees, again and again.
func (s *showing) begin(p painter, look func(now time.Time) scene) {
	s.stop, s.done = make(chan struct{}), make(chan struct{})
	if p == nil {
		close(s.done)
		return
	}
	go func() {
		defer close(s.done)
		s.broken = fault.Catch(func() error {
			defer p.end()
			ticker := time.NewTicker(p.interval())
			defer ticker.Stop()
			for {
				select {
				case <-s.stop:
					return nil
				case <-ticker.C:
					p.paint(look(time.Now()))
				}
			}
		})
	}()
}

// End takes the bar away. When it returns nothing more is shown, whatever is
// reported later. It may be called more than once, and panics where the drawing
// did.
func (s *showing) End() {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	fault.Raise(s.broken)
}
