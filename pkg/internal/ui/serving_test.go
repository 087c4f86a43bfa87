package ui

import (
	"fmt"
	"slices"
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

// TestServingIsDrawnSeldom counts what is written to a terminal for an hour: one
// line, and others only after a change, at most a few times a second.
func TestServingIsDrawnSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(Bar, 80)
		var traffic Traffic
		serving := d.progress.BeginServing("localhost:80", func() Traffic { return traffic })
		expect := func(what string, wait time.Duration, atMost int, row string) {
			t.Helper()
			before := d.writes
			time.Sleep(wait)
			if synctest.Wait(); d.writes-before > atMost || d.rows[d.row] != row {
				t.Errorf("%s: %d writes, want at most %d; it shows %q, want %q", what, d.writes-before, atMost, d.rows[d.row], row)
			}
		}
		none := "serving at localhost:80  0 hits, 0 misses  0 B received  0 B sent"
		expect("nothing happens", time.Hour, 1, none)
		fmt.Fprintln(d.screen, "a line of the log")
		expect("a line is printed", time.Minute, 0, none)
		for traffic.Hits < 100 {
			time.Sleep(10 * time.Millisecond)
			traffic.Hits++
		}
		expect("100 hits in a second", time.Minute, 1, "serving at localhost:80  100 hits, 0 misses  0 B received  0 B sent")
		serving.End()
		d.expectOnly(t, []string{"a line of the log"}, func() { traffic.Hits++ })
		if d.writes > 10 {
			t.Errorf("it wrote %d times", d.writes)
		}
	})
}

// TestServingIsDrawnAgain checks that the line is drawn again, once, after the
// terminal was resized, and after the program was suspended.
func TestServingIsDrawnAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		terminal, columns, pause := newEmulator(100), 80, time.Duration(0)
		progress := NewProgress(NewScreen(terminal, func() int { return columns }), Bar)
		serving := progress.BeginServing("localhost:80", func() Traffic {
			time.Sleep(pause) // as if the process were stopped
			pause = 0
			return Traffic{}
		})
		defer serving.End()
		writes := func() int {
			before := terminal.writes
			time.Sleep(time.Minute)
			synctest.Wait()
			return terminal.writes - before
		}
		got := []int{writes()}
		columns = 90
		got = append(got, writes())
		pause = 2 * time.Second
		if got = append(got, writes()); !slices.Equal(got, []int{1, 1, 1}) {
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
