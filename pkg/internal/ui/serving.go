package ui

import (
	"fmt"
	"time"
)

// Traffic is what a cache has served.
type Traffic struct {
	Hits, Misses, Received, Sent int64 // the last two in bytes
	InFlight                     int   // requests
}

// Serving shows the traffic of a cache.
type Serving struct{ showing }

// BeginServing shows the traffic of the cache at an address until End. It draws
// only a [Bar]: in a log, each request has a line.
func (p *Progress) BeginServing(address string, look func() Traffic) *Serving {
	if p.style != Bar {
		p = NewProgress(p.screen, Silent)
	}
	s := new(Serving)
	s.begin(p, func(time.Time) frame { return look().frame(address) })
	return s
}

func (t Traffic) frame(address string) frame {
	whole := func(text string) fact { return fact{text, len(text)} }
	f := frame{head: "serving at ", name: address, narrow: narrowName, size: -1, calm: true}
	f.facts = [...]fact{share: whole(t.lookups()), amount: whole(Size(t.Received) + " received"), speed: whole(Size(t.Sent) + " sent"), clock: {}}
	if t.InFlight > 0 {
		f.extra = fmt.Sprintf("%d in flight", t.InFlight)
	}
	return f
}

// String sums up the traffic in one line.
func (t Traffic) String() string {
	return fmt.Sprintf("%s; %s received, %s sent", t.lookups(), Size(t.Received), Size(t.Sent))
}

func (t Traffic) lookups() string {
	return count(t.Hits, "hit", "hits") + ", " + count(t.Misses, "miss", "misses")
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
