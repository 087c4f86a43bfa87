package ui

import (
	"os"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
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

// Transfer shows one artifact on its way: it is the Tracker that the client
// reports to. It only notes what it is told; a goroutine of its own draws.
type Transfer struct {
	mu sync.Mutex
	at position

	end  sync.Once
	stop chan struct{} // closed by End
	done chan struct{} // closed when nothing is drawn any more
}

// position is the last that a Transfer was told.
type position struct {
	call    call
	n, size int64
}

type call int

const (
	noCall call = iota
	hashedCall
	sentCall
	receivedCall
)

// Begin starts to show the transfer of what name names, which may be any text.
// [Transfer.End] must follow, whatever happens.
func (p *Progress) Begin(name string) *Transfer {
	t := &Transfer{stop: make(chan struct{}), done: make(chan struct{})}
	switch p.style {
	case Bar:
		go t.show(&barPainter{screen: p.screen, name: printable.Text(name)})
	case Lines:
		go t.show(&linePainter{screen: p.screen, name: printable.Line(name, maxLoggedName)})
	default:
		close(t.done)
	}
	return t
}

// Hashed notes that n of size bytes were read and hashed; size is -1 while it
// is not known. It takes some nanoseconds.
func (t *Transfer) Hashed(n, size int64) { t.note(position{hashedCall, n, size}) }

// Sent notes that n of size bytes were handed to the network. It takes some
// nanoseconds.
func (t *Transfer) Sent(n, size int64) { t.note(position{sentCall, n, size}) }

// Received notes that n of size bytes came from the network; size is -1 where it
// is not known. It takes some nanoseconds.
func (t *Transfer) Received(n, size int64) { t.note(position{receivedCall, n, size}) }

func (t *Transfer) note(at position) {
	t.mu.Lock()
	t.at = at
	t.mu.Unlock()
}

// End takes the bar away. When it returns nothing more is shown, whatever is
// reported later. It may be called more than once.
func (t *Transfer) End() {
	t.end.Do(func() { close(t.stop) })
	<-t.done
}

// painter shows views of one transfer, some time apart, and then its end.
type painter interface {
	interval() time.Duration
	paint(view)
	end()
}

func (t *Transfer) show(p painter) {
	defer close(t.done)
	defer p.end()
	m := newMeter(time.Now())
	ticker := time.NewTicker(p.interval())
	defer ticker.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-ticker.C:
			t.mu.Lock()
			at := t.at
			t.mu.Unlock()
			p.paint(m.observe(time.Now(), at))
		}
	}
}
