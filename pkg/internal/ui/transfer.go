package ui

import (
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// Transfer shows one artifact on its way: it is the Tracker that the client
// reports to. It only notes what it is told.
type Transfer struct {
	showing

	mu     sync.Mutex
	at     position
	resume time.Time // when the next try begins
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
	pausedCall
)

// Begin starts to show the transfer of what name names, which may be any text.
// [Transfer.End] must follow, whatever happens.
func (p *Progress) Begin(name string) *Transfer {
	t := new(Transfer)
	w := newViewer(time.Now())
	t.begin(p.painter(), func(now time.Time) scene {
		t.mu.Lock()
		at := t.at
		if now.Before(t.resume) {
			at = position{call: pausedCall}
		}
		t.mu.Unlock()
		return transferScene{name, w.observe(now, at)}
	})
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

// Pause notes that a try failed, and that another one follows after a while.
func (t *Transfer) Pause(d time.Duration) {
	t.mu.Lock()
	t.resume = time.Now().Add(d)
	t.mu.Unlock()
}

func (t *Transfer) note(at position) {
	t.mu.Lock()
	t.at = at
	t.mu.Unlock()
}

// transferScene is what is seen of a Transfer.
type transferScene struct {
	name string
	view
}

func (s transferScene) age() time.Duration { return s.elapsed }

func (s transferScene) bar(room int) string {
	return barLine(printable.Text(s.name), s.view, room)
}

func (s transferScene) log() string {
	return logLine(printable.Line(s.name, maxLoggedName), s.view)
}
