package ui

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestServingFits(t *testing.T) {
	t.Parallel()
	busy := Traffic{Hits: 12, Misses: 1, Sent: 1288490188, Received: 310 << 20, InFlight: 2}
	for _, test := range []struct {
		traffic Traffic
		columns int
		want    string
	}{
		{busy, 200, "serving at 127.0.0.1:41237  12 hits, 1 miss  310.0 MiB received  1.2 GiB sent  2 in flight"},
		{Traffic{Hits: 1}, 200, "serving at 127.0.0.1:41237  1 hit, 0 misses  0 B received  0 B sent"},
		{busy, 80, "serving at 127.0.0.1:41237  12 hits, 1 miss  310.0 MiB received  1.2 GiB sent"},
		{busy, 60, "serving at 127.0.0.1:41237  12 hits, 1 miss  1.2 GiB sent"},
		{busy, 40, "serving at ....1:41237  12 hits, 1 miss"},
		{Traffic{Hits: 1e15, Misses: 1e15}, 80, "serving at ...1:41237  1000000000000000 hits, 1000000000000000 misses  0 B sent"},
		{busy, 12, "serving at"},
		{Traffic{Hits: 12, InFlight: 2}, 80, "serving at 127.0.0.1:41237  12 hits, 0 misses  0 B received  0 B sent"},
		{Traffic{Hits: 12, InFlight: 2}, 90, "serving at 127.0.0.1:41237  12 hits, 0 misses  0 B received  0 B sent  2 in flight"},
	} {
		if got := test.traffic.frame("127.0.0.1:41237").line(test.columns - 1); got != test.want {
			t.Errorf("%d columns: %q, want %q", test.columns, got, test.want)
		}
	}
	if got, want := busy.String(), "12 hits, 1 miss; 310.0 MiB received, 1.2 GiB sent"; got != want {
		t.Errorf("the summary is %q, want %q", got, want)
	}
}

// after waits, and returns how many writes that took and the last row.
func (d *display) after(wait time.Duration) (writes int, row string) {
	d.screen.mu.Lock()
	before := d.writes
	d.screen.mu.Unlock()
	time.Sleep(wait)
	synctest.Wait()
	d.screen.mu.Lock()
	defer d.screen.mu.Unlock()
	return d.writes - before, d.rows[d.row]
}

// TestServingIsDrawnSeldom counts what is written to a terminal: one line, and
// others only after a change, at most a few times a second.
func TestServingIsDrawnSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(Bar, 80)
		var hits atomic.Int64
		serving := d.progress.BeginServing("localhost:80", func() Traffic { return Traffic{Hits: hits.Load()} })
		expect := func(what string, wait time.Duration, atMost int, hits string) {
			t.Helper()
			want := "serving at localhost:80  " + hits + " hits, 0 misses  0 B received  0 B sent"
			if writes, row := d.after(wait); writes > atMost || row != want {
				t.Errorf("%s: %d writes, want at most %d; it shows %q, want %q", what, writes, atMost, row, want)
			}
		}
		expect("nothing happens", time.Hour, 1, "0")
		fmt.Fprintln(d.screen, "a line of the log")
		expect("a line was printed", time.Minute, 0, "0")
		go func() {
			for range 100 {
				time.Sleep(10 * time.Millisecond)
				hits.Add(1)
			}
		}()
		expect("100 hits in a second", time.Minute, 5, "100")
		serving.End()
		d.expectOnly(t, []string{"a line of the log"}, func() { hits.Add(1) })
	})
}

// TestServingIsDrawnAgain checks that the line is drawn again, once, after the
// terminal was resized, and after the program was suspended.
func TestServingIsDrawnAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(Bar, 100)
		var columns, pause atomic.Int64
		columns.Store(80)
		d.screen.columns = func() int { return int(columns.Load()) }
		serving := d.progress.BeginServing("localhost:80", func() Traffic {
			time.Sleep(time.Duration(pause.Swap(0))) // as if the process were stopped
			return Traffic{}
		})
		defer serving.End()
		first, _ := d.after(time.Minute)
		columns.Store(90)
		resized, _ := d.after(time.Minute)
		pause.Store(int64(2 * time.Second))
		resumed, _ := d.after(time.Minute)
		if got := []int{first, resized, resumed}; !slices.Equal(got, []int{1, 1, 1}) {
			t.Errorf("it was drawn %d times: at first, after a new width, and after a pause; want once each", got)
		}
	})
}

func TestServingIsNoLog(t *testing.T) {
	t.Parallel()
	for _, style := range []Style{Silent, Lines} {
		synctest.Test(t, func(t *testing.T) {
			d := newDisplay(style, 80)
			serving := d.progress.BeginServing("localhost:80", func() Traffic { return Traffic{} })
			time.Sleep(time.Hour)
			serving.End()
			d.expectOnly(t, nil, func() {})
		})
	}
}
