package ui

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// perArtifact is what an artifact counts for beside its bytes: so many of them
// take about as long to move as one more request does.
const perArtifact = 64 << 10

// Many shows a transfer of many artifacts as one: it is the Overall that the
// transfer reports to. It only adds up what it is told.
type Many struct {
	showing

	mu sync.Mutex
	at sums
}

// sums are what a Many was told.
type sums struct {
	found, settled int // artifacts
	listed         bool
	expected       int // artifacts, where that is known before they are found

	weighed int64 // bytes of those whose size is known
	weights int   // how many these are
	moved   int64 // bytes
	rest    int64 // bytes that need not be moved
}

// BeginMany starts to show a transfer; verb says what is done, as "uploading".
// End must follow, whatever happens.
func (p *Progress) BeginMany(verb string) *Many {
	m := new(Many)
	began := time.Now()
	var meter meter
	meter.restart(sample{at: began})
	m.begin(p.painter(), func(now time.Time) scene {
		m.mu.Lock()
		at := m.at
		m.mu.Unlock()
		return at.observe(&meter, began, now, verb)
	})
	return m
}

// Found adds n artifacts.
func (m *Many) Found(n int) { m.note(func(at *sums) { at.found += n }) }

// Listed notes that all artifacts were found.
func (m *Many) Listed() { m.note(func(at *sums) { at.listed = true }) }

// Expect notes that n artifacts will be found, if nothing comes between.
func (m *Many) Expect(n int) { m.note(func(at *sums) { at.expected = n }) }

// Sized adds the size of an artifact.
func (m *Many) Sized(size int64) {
	m.note(func(at *sums) {
		at.weighed += size
		at.weights++
	})
}

// Moved adds bytes.
func (m *Many) Moved(n int64) { m.note(func(at *sums) { at.moved += n }) }

// Finished notes that one more artifact is done, and rest bytes of it need not be
// moved any more.
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

// total is how many artifacts there are, and whether that is sure.
func (s sums) total() (n int, known bool) {
	switch {
	case s.listed:
		return s.found, true
	case s.expected >= s.found && s.expected > 0:
		return s.expected, true
	}
	return s.found, false
}

// work is how much was done, and how much there is, in bytes and what counts as
// such. Sizes that are not known are taken for the mean of those that are.
func (s sums) work(total int) (done, all float64) {
	known := max(s.weights, 1)
	bytes := float64(max(s.weighed, 0)) / float64(known) * float64(max(total, known))
	done = float64(s.moved+s.rest) + perArtifact*float64(s.settled)
	all = bytes + perArtifact*float64(total)
	return min(max(done, 0), all), all
}

// manyView is what is shown of many artifacts at one moment.
type manyView struct {
	pace
	verb           string
	settled, total int
	known          bool    // the total is
	part           float64 // of the work, from 0 to 1
	moved          int64   // bytes
	bytes          int64   // in all; -1 while it is not known
	elapsed        time.Duration
}

// observe adds up what is known at a moment.
func (s sums) observe(m *meter, began, now time.Time, verb string) manyView {
	total, known := s.total()
	done, all := s.work(total)
	v := manyView{
		verb: verb, settled: s.settled, total: total, known: known, elapsed: now.Sub(began),
		moved: max(s.moved, 0), bytes: -1,
	}
	if all > 0 {
		v.part = done / all
	}
	if s.listed && s.weights >= s.found {
		v.bytes = max(s.weighed-s.rest, v.moved)
	}
	if !known {
		all = 0
	}
	v.pace = m.observe(sample{at: now, moved: s.moved, done: done}, all)
	return v
}

func (v manyView) age() time.Duration { return v.elapsed }

// percent is 100 only when all is done.
func (v manyView) percent() int {
	if v.settled >= v.total {
		return 100
	}
	return min(int(v.part*100), 99)
}

// transferred is how many bytes were moved, of how many where that is known.
func (v manyView) transferred() fact {
	if v.bytes < 0 {
		return fact{Size(v.moved), len("100.0 MiB")}
	}
	moved, bytes := sizesOf(v.moved, v.bytes)
	return fact{moved + "/" + bytes, 2*len(bytes) - len(" MiB") + len("/")}
}

func (v manyView) bar(room int) string {
	// The count is never cut: half a number is another one.
	f := frame{head: v.verb + " ", name: fmt.Sprintf("%d done", v.settled)}
	f.facts[amount] = v.transferred()
	f.facts[speed] = fact{v.rateText(), len("100.0 MiB/s")}
	f.facts[clock] = fact{Duration(v.elapsed), len("9m59s")}
	if v.known {
		total := fmt.Sprint(v.total)
		f.name = fmt.Sprintf("%*d/%s", len(total), v.settled, total)
		f.facts[share] = fact{fmt.Sprintf("%d%%", v.percent()), len("100%")}
		f.facts[clock] = fact{v.leftText(), len("9m59s left")}
	}
	f.narrow, f.fair = len(f.name), len(f.name)
	return f.line(int64(v.part*gaugeSteps), gaugeSteps, room)
}

// gaugeSteps is finer than any gauge.
const gaugeSteps = 1000

func (v manyView) log() string {
	done := fmt.Sprintf("%d artifacts", v.settled)
	if v.known {
		done = fmt.Sprintf("%d of %d artifacts (%d%%)", v.settled, v.total, v.percent())
	}
	facts := []string{done, Size(v.moved)}
	for _, fact := range []string{v.rateText(), v.leftText()} {
		if fact != "" {
			facts = append(facts, fact)
		}
	}
	return fmt.Sprintf("artifact: %s: %s", v.verb, strings.Join(facts, ", "))
}
