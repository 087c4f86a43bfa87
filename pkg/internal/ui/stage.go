package ui

import "time"

// stage is what a transfer is doing.
type stage int

const (
	preparing stage = iota
	hashing
	reading // hashing what has no known size: a stream
	hashed
	uploading
	waiting // all was sent, and the server has not answered
	downloading
	receiving // downloading what has no known size
	checking  // all was received
	pausing   // before another try
)

func (s stage) String() string {
	return [...]string{"preparing", "hashing", "reading", "hashed", "uploading", "waiting for the server", "downloading", "downloading", "checking", "waiting to try again"}[s]
}

func (p position) stage() stage {
	switch {
	case p.call == pausedCall:
		return pausing
	case p.call == noCall:
		return preparing
	case p.call == hashedCall && p.size < 0:
		return reading
	case p.call == hashedCall && p.n < p.size:
		return hashing
	case p.call == hashedCall:
		return hashed
	case p.call == receivedCall && p.size < 0:
		return receiving
	case p.call == receivedCall && p.n < p.size:
		return downloading
	case p.call == receivedCall:
		return checking
	case p.n < p.size:
		return uploading
	default:
		return waiting
	}
}

// view is what is shown of one transfer at one moment.
type view struct {
	pace
	stage   stage
	n, size int64         // bytes; size is -1 where it is not known
	elapsed time.Duration // since the transfer began
	inStage time.Duration // since the stage, or this attempt at it, began
}

// percent is 100 only when all is done. It means nothing without a size.
func (v view) percent() int {
	if v.n >= v.size {
		return 100
	}
	return min(int(float64(v.n)/float64(v.size)*100), 99)
}

// viewer turns positions into views. An offset smaller than the last, as a new
// attempt brings, begins the stage again.
type viewer struct {
	meter
	began, stageBegan time.Time
	stage             stage
	n                 int64
}

func newViewer(now time.Time) *viewer {
	w := &viewer{began: now, stageBegan: now}
	w.restart(sample{at: now})
	return w
}

func (w *viewer) observe(now time.Time, at position) view {
	v := view{stage: at.stage(), n: max(at.n, 0), size: at.size, elapsed: now.Sub(w.began)}
	if v.size >= 0 {
		v.n = min(v.n, v.size)
	}
	position := sample{at: now, moved: v.n, done: float64(v.n)}
	if v.stage != w.stage || v.n < w.n {
		w.stage, w.stageBegan = v.stage, now
		w.restart(position)
	}
	w.n = v.n
	v.inStage = now.Sub(w.stageBegan)
	v.pace = w.meter.observe(position, float64(max(v.size, 0)))
	return v
}
