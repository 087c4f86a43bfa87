package ui

import (
	"fmt"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// Transfer shows the transfer of one artifact. It is a Tracker, whose methods
// take only nanoseconds.
type Transfer struct {
	showing

	mu     sync.Mutex
	at     position
	resume time.Time // when the next attempt begins
}

// position is what was last reported.
type position struct {
	stage   stage
	n, size int64 // bytes
	files   int   // packed so far
}

// stage is what a transfer is doing.
type stage int

const (
	preparing stage = iota
	packing
	hashing
	reading // hashing a stream of unknown size
	hashed
	uploading
	waiting // all was sent, and the server has not answered
	downloading
	receiving // downloading without a known size
	checking  // all was received
	pausing   // before another attempt
)

func (s stage) String() string {
	return [...]string{"preparing", "packing", "hashing", "reading", "hashed", "uploading", "waiting for the server:",
		"downloading", "downloading", "checking", "waiting to try again:"}[s]
}

// Begin shows the transfer of the artifact called name, which may be any text.
// [Transfer.End] must follow.
func (p *Progress) Begin(name string) *Transfer {
	t := new(Transfer)
	w := newViewer(time.Now())
	t.begin(p, func(now time.Time) frame { return w.observe(now, t.position(now)).frame(name) })
	return t
}

// Packed reports the number of files and directories packed so far, and their bytes.
// Hashed then counts bytes of the archive.
func (t *Transfer) Packed(files int, n int64) {
	t.mu.Lock()
	t.at = position{packing, n, -1, files}
	t.mu.Unlock()
}

// Hashed reports that n of size bytes were hashed; size is -1 while unknown.
func (t *Transfer) Hashed(n, size int64) { t.note(n, size, reading, hashing, hashed) }

// Sent reports that n of size bytes were sent.
func (t *Transfer) Sent(n, size int64) { t.note(n, size, waiting, uploading, waiting) }

// Received reports that n of size bytes were received; size is -1 if unknown.
func (t *Transfer) Received(n, size int64) { t.note(n, size, receiving, downloading, checking) }

// Pause reports that an attempt failed, and the next one follows after d.
func (t *Transfer) Pause(d time.Duration) {
	t.mu.Lock()
	t.resume = time.Now().Add(d)
	t.mu.Unlock()
}

func (t *Transfer) note(n, size int64, unknown, some, all stage) {
	at := position{stage: some, n: n, size: size}
	if size < 0 {
		at.stage = unknown
	} else if n >= size {
		at.stage = all
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.stage != reading || t.at.stage != packing {
		t.at = at
	}
}

func (t *Transfer) position(now time.Time) position {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.resume) {
		return position{stage: pausing}
	}
	return t.at
}

// viewer turns positions into views. An offset smaller than the last, as in a new
// attempt, restarts the stage.
type viewer struct {
	meter meter
	began time.Time // of the stage
	last  position
}

func newViewer(now time.Time) *viewer {
	w := &viewer{began: now}
	w.meter.restart(sample{at: now})
	return w
}

func (w *viewer) observe(now time.Time, at position) view {
	at.n = max(at.n, 0)
	if at.size >= 0 {
		at.n = min(at.n, at.size)
	}
	sample := sample{at: now, moved: at.n, done: float64(at.n)}
	if at.stage != w.last.stage || at.n < w.last.n {
		w.began = now
		w.meter.restart(sample)
	}
	w.last = at
	return view{position: at, pace: w.meter.observe(sample, float64(max(at.size, 0))), inStage: now.Sub(w.began)}
}

// view is one transfer at one moment.
type view struct {
	position // size is -1 if unknown
	pace
	inStage time.Duration // since the stage, or its current attempt, began
}

// percent returns 100 only when all is done. It needs a size.
func (v view) percent() int {
	if v.n >= v.size {
		return 100
	}
	return min(int(float64(v.n)/float64(v.size)*100), 99)
}

// frame returns the frame of the artifact called name.
func (v view) frame(name string) frame {
	f := frame{head: v.stage.String() + " ", name: printable.Text(name), narrow: narrowName, fair: fairName, n: v.n, size: v.size}
	rate := fact{v.rateText(), len("100.0 MiB/s")}
	inStage := fact{Duration(v.inStage), len("9m59s")}
	switch v.stage {
	case hashing, uploading, downloading:
		percent := fact{fmt.Sprintf("%d%%", v.percent()), len("100%")}
		f.facts = [...]fact{percent, amountOf(v.n, v.size), rate, {v.leftText(), len("9m59s left")}}
	case packing:
		f.facts = [...]fact{{fmt.Sprint(v.files, " files"), len("100000 files")}, amountOf(v.n, -1), rate, inStage}
	case reading, receiving:
		f.facts = [...]fact{amount: amountOf(v.n, -1), speed: rate, clock: inStage}
	case waiting:
		f.facts = [...]fact{amount: {Size(v.n) + " sent", len("100.0 MiB sent")}, clock: inStage}
	default:
		f.facts[clock] = inStage
	}
	return f
}
