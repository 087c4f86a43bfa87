package ui

import (
	"math"
	"time"
)

const (
	// rateWindow is the window of the rate: short enough to follow the network,
	// long enough for a steady time left.
	rateWindow = 10 * time.Second
	// rateSettles is how long a meter runs before its rate is meaningful.
	rateSettles = 500 * time.Millisecond
	// longestLeft is the longest time left that is shown.
	longestLeft = 100 * time.Hour
)

// pace is the speed of a transfer.
type pace struct {
	rate float64       // bytes per second; -1 if it is not known
	left time.Duration // 0 if it is not known
}

// rateText returns "" while the rate is not known.
func (p pace) rateText() string {
	if p.rate < 0 {
		return ""
	}
	return Rate(p.rate)
}

// leftText returns "" while the time left is not known.
func (p pace) leftText() string {
	if p.left <= 0 {
		return ""
	}
	return Duration(p.left) + " left"
}

// meter turns positions into a pace. The zero value is ready to use.
type meter struct {
	samples []sample // oldest first
}

type sample struct {
	at    time.Time
	moved int64   // bytes
	done  float64 // of the work, in any unit
}

// restart forgets all positions before now.
func (m *meter) restart(now sample) { m.samples = append(m.samples[:0], now) }

// observe adds a position and returns the pace until now. all is the whole work,
// in the unit of done, or 0 if unknown.
func (m *meter) observe(now sample, all float64) pace {
	m.samples = append(m.samples, now)
	for len(m.samples) > 2 && now.at.Sub(m.samples[1].at) >= rateWindow {
		m.samples = m.samples[1:]
	}
	first := m.samples[0]
	span := now.at.Sub(first.at).Seconds()
	if span < rateSettles.Seconds() {
		return pace{rate: -1}
	}
	p := pace{rate: max(float64(now.moved-first.moved)/span, 0)}
	if speed := (now.done - first.done) / span; speed > 0 && all > 0 {
		if seconds := math.Ceil((all - now.done) / speed); seconds < longestLeft.Seconds() {
			p.left = time.Duration(seconds) * time.Second
		}
	}
	return p
}
