package ui

import (
	"fmt"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// perArtifact is the weight of an artifact in addition to its bytes: a request
// takes about as long as moving this many bytes.
const perArtifact = 64 << 10

// Many shows the transfer of many artifacts. Its methods only add numbers.
type Many struct {
	showing

	mu sync.Mutex
	at sums
}

// sums are the totals so far.
type sums struct {
	found, settled int // artifacts
	listed         bool
	expected       int // artifacts; 0 if unknown

	weighed int64 // bytes of artifacts whose size is known
	weights int   // number of these artifacts
	moved   int64 // bytes
	rest    int64 // bytes that are not moved
}

// BeginMany shows a transfer; verb is a word such as "uploading". End must
// follow.
func (p *Progress) BeginMany(verb string) *Many {
	m := new(Many)
	began := time.Now()
	var meter meter
	meter.restart(sample{at: began})
	m.begin(p, func(now time.Time) frame {
		m.mu.Lock()
		at := m.at
		m.mu.Unlock()
		done, all := at.work()
		if _, known := at.total(); !known {
			all = 0
		}
		return at.frame(verb, meter.observe(sample{at: now, moved: at.moved, done: done}, all), now.Sub(began))
	})
	return m
}

// Found adds n artifacts.
func (m *Many) Found(n int) { m.note(func(at *sums) { at.found += n }) }

// Listed reports that all artifacts were found.
func (m *Many) Listed() { m.note(func(at *sums) { at.listed = true }) }

// Expect reports that n artifacts will probably be found.
func (m *Many) Expect(n int) { m.note(func(at *sums) { at.expected = n }) }

// ExpectCount is like Expect for a number that takes time to determine. count
// runs in the background, and only if progress is shown.
func (m *Many) ExpectCount(count func() (int, error)) {
	if m.silent {
		return
	}
	go func() {
		_ = fault.Catch(func() error { // an error only makes the bar less informative
			n, err := count()
			if err == nil {
				m.Expect(n)
			}
			return err
		})
	}()
}

// Sized adds the size of an artifact.
func (m *Many) Sized(size int64) {
	m.note(func(at *sums) {
		at.weighed += size
		at.weights++
	})
}

// Moved adds bytes.
func (m *Many) Moved(n int64) { m.note(func(at *sums) { at.moved += n }) }

// Finished reports that another artifact is done, of which rest bytes were not
// moved.
func (m *Many) Finished(rest int64) {
	m.note(func(at *sums) {
		at.settled++
		at.rest += rest
	})
}

func (m *Many) note(change func(*sums)) {
	m.mu.Lock()
	change(&m.at)
	m.mu.Unlock()
}

// total returns the number of artifacts, and whether it is known.
func (s sums) total() (n int, known bool) {
	switch {
	case s.listed:
		return s.found, true
	case s.expected >= s.found && s.expected > 0:
		return s.expected, true
	}
	return s.found, false
}

// work returns how much was done, of how much, in bytes and their equivalents. An
// unknown size is taken for the mean of the others.
func (s sums) work() (done, all float64) {
	total, _ := s.total()
	known := max(s.weights, 1)
	bytes := float64(max(s.weighed, 0)) / float64(known) * float64(max(total, known))
	done = float64(s.moved+s.rest) + perArtifact*float64(s.settled)
	all = bytes + perArtifact*float64(total)
	return min(max(done, 0), all), all
}

// gaugeSteps is finer than any gauge.
const gaugeSteps = 1000

// frame returns the frame of the sums.
func (s sums) frame(verb string, p pace, elapsed time.Duration) frame {
	total, known := s.total()
	part := 0.0
	if done, all := s.work(); all > 0 {
		part = done / all
	}
	moved, size := max(s.moved, 0), int64(-1)
	if s.listed && s.weights >= s.found {
		size = max(s.weighed-s.rest, moved)
	}
	f := frame{head: verb + " ", n: int64(part * gaugeSteps), size: gaugeSteps}
	if moved > 0 || size > 0 { // otherwise it may be about no bytes at all
		f.facts[amount] = amountOf(moved, size)
		f.facts[speed] = fact{p.rateText(), len("100.0 MiB/s")}
	}
	if known {
		percent := 100 // only when all is done
		if s.settled < total {
			percent = min(int(part*100), 99)
		}
		f.name = fmt.Sprintf("%*d/%d", len(fmt.Sprint(total)), s.settled, total)
		f.facts[share] = fact{fmt.Sprintf("%d%%", percent), len("100%")}
		f.facts[clock] = fact{p.leftText(), len("9m59s left")}
	} else {
		f.name = fmt.Sprintf("%d done", s.settled)
		f.facts[clock] = fact{Duration(elapsed), len("9m59s")}
	}
	// The count is never truncated.
	f.narrow, f.fair = len(f.name), len(f.name)
	return f
}
