package ui

import (
	"math"
	"time"
)

const (
	// rateWindow is how far back the rate looks: short enough to follow the
	// network, long enough for a time left that does not jump.
	rateWindow = 10 * time.Second
	// rateSettles is how long a stage runs before its rate means something.
	rateSettles = 500 * time.Millisecond
	// longestLeft is the longest time left that is worth telling.
	longestLeft = 100 * time.Hour
)

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
)

func (s stage) String() string {
	return [...]string{"preparing", "hashing", "reading", "hashed", "uploading", "waiting for the server", "downloading", "downloading", "checking"}[s]
}

// view is all that can be told of a transfer at one moment.
type view struct {
	stage   stage
	n, size int64         // bytes; size is -1 where it is not known
	rate    float64       // bytes per second; -1 if it is not known
	left    time.Duration // of the stage; 0 if it is not known
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

// rateText is empty while the rate is not known.
func (v view) rateText() string {
	if v.rate < 0 {
		return ""
	}
	return Rate(v.rate)
}

// leftText is empty while the time left is not known.
func (v view) leftText() string {
	if v.left <= 0 {
		return ""
	}
	return Duration(v.left) + " left"
}

// meter turns positions into rates and times. An offset smaller than the last,
// as a new attempt brings, begins the stage again.
type meter struct {
	began, stageBegan time.Time
	stage             stage
	samples           []sample // of this stage, oldest first
}

type sample struct {
	at time.Time
	n  int64
}

func newMeter(now time.Time) *meter {
	return &meter{began: now, stageBegan: now, samples: []sample{{at: now}}}
}

func (m *meter) observe(now time.Time, at position) view {
	v := view{stage: at.stage(), n: max(at.n, 0), size: at.size, elapsed: now.Sub(m.began)}
	if v.size >= 0 {
		v.n = min(v.n, v.size)
	}
	if last := m.samples[len(m.samples)-1]; v.stage != m.stage || v.n < last.n {
		m.stage, m.stageBegan, m.samples = v.stage, now, m.samples[:0]
	}
	m.samples = append(m.samples, sample{now, v.n})
	for len(m.samples) > 2 && now.Sub(m.samples[1].at) >= rateWindow {
		m.samples = m.samples[1:]
	}
	v.inStage = now.Sub(m.stageBegan)
	v.rate = m.rate()
	v.left = v.timeLeft()
	return v
}

func (m *meter) rate() float64 {
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	if span := last.at.Sub(first.at); span >= rateSettles {
		return float64(last.n-first.n) / span.Seconds()
	}
	return -1
}

func (v view) timeLeft() time.Duration {
	if v.rate <= 0 || v.size < 0 {
		return 0
	}
	seconds := math.Ceil(float64(v.size-v.n) / v.rate)
	if seconds >= longestLeft.Seconds() {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func (p position) stage() stage {
	switch {
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
