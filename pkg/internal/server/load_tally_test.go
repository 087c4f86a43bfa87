package server_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// tally is what TestLoad reports.
type tally struct {
	latency     []time.Duration // of each request
	brokenOff   int             // uploads
	unavailable int             // answers 503
	cutOff      int             // downloads, since the storage failed

	before, after inUse
	began         time.Time
	took          time.Duration
	memory        string // the peak
}

// inUse counts what a test must release.
type inUse struct{ goroutines, files int }

func nowInUse() inUse {
	entries, _ := os.ReadDir("/proc/self/fd") // 0 where the system does not report them
	return inUse{runtime.NumGoroutine(), len(entries)}
}

// begin starts the clock, and counts what is there.
func (l *load) begin() {
	l.before = nowInUse()
	debug.FreeOSMemory() // of other tests
	// From here on, the system notes the peak of memory.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600)
	l.began = time.Now()
}

// end stops the clock, and waits for goroutines that outlive a connection.
func (l *load) end() {
	l.took, l.memory = time.Since(l.began), peakMemory()
	late := time.After(time.Minute)
	for {
		l.after = nowInUse()
		if l.after.goroutines <= l.before.goroutines && l.after.files <= l.before.files {
			return
		}
		select {
		case <-late:
			l.Fatalf("%+v are left, and before there were %+v", l.after, l.before)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (l *load) note(latency time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latency = append(l.latency, latency)
}

func (l *load) count(what *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*what++
}

// String returns the line of the load table.
func (y *tally) String() string {
	slices.Sort(y.latency)
	percentile := func(n int) time.Duration {
		return y.latency[(len(y.latency)-1)*n/100].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("%d clients, %d requests in %v: %.0f/s, p50 %v, p99 %v; %d uploads broken off, %d answers 503, %d downloads cut off; "+
		"before %+v, after %+v; at most %s of memory",
		clients, len(y.latency), y.took.Round(time.Second/10), float64(len(y.latency))/y.took.Seconds(), percentile(50), percentile(99),
		y.brokenOff, y.unavailable, y.cutOff, y.before, y.after, y.memory)
}

// peakMemory returns the largest resident size of this process, with the unit, if
// the system reports it.
func peakMemory() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
	if !found {
		return "unknown"
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSpace(line))
}
