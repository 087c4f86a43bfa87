package ui

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestManyTellsHowFarTheListIs shows a list whose length is unknown at first, to
// its end.
func TestManyTellsHowFarTheListIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(Bar, 90)
		many := d.progress.BeginMany("uploading")
		defer many.End()
		upload := func(n int) {
			for range n {
				many.Moved(mib)
				many.Finished(0)
			}
		}
		find := func(n int) {
			for range n {
				many.Found(1)
				many.Sized(mib)
			}
		}
		d.see(250 * time.Millisecond)
		find(20)
		upload(10)
		d.see(time.Second)
		many.Expect(100)
		d.see(time.Second)
		find(80)
		many.Listed()
		upload(10)
		d.see(time.Second)
		for range 30 {
			many.Finished(mib) // skipped
		}
		d.see(time.Second)
		upload(49)
		many.Moved(mib / 2)
		d.see(time.Second)
		many.Moved(-mib / 2) // a new attempt
		d.see(100 * time.Millisecond)
		upload(1)
		d.see(100 * time.Millisecond)
		many.End()
		d.see(50 * time.Millisecond)
		d.expectSeen(t,
			"uploading 0 done  0s",
			"uploading 10 done   10.0 MiB    8.3 MiB/s  1s",
			"uploading  10/100   10% [=>                         ]   10.0 MiB    4.5 MiB/s  20s left",
			"uploading  20/100   20% [===>                 ]   20.0/100.0 MiB    6.2 MiB/s  13s left",
			"uploading  50/100   50% [==========>            ]  20.0/70.0 MiB    4.8 MiB/s  5s left",
			"uploading  99/100   99% [=====================> ]  69.5/70.0 MiB   13.4 MiB/s  1s left",
			"uploading  99/100   99% [=====================> ]  69.0/70.0 MiB   13.0 MiB/s  1s left",
			"uploading 100/100  100% [=======================]  70.0/70.0 MiB   13.0 MiB/s",
			"",
		)
	})
}

// TestManyFitsEveryWidth drops the least important facts, and never truncates a
// number.
func TestManyFitsEveryWidth(t *testing.T) {
	t.Parallel()
	known := sums{found: 1000, listed: true, settled: 500, weights: 1000, weighed: 10 * mib, moved: 5 * mib}
	unknown := sums{found: 600, settled: 512, moved: 5 * mib}
	for _, test := range []struct {
		sums    sums
		columns int
		want    string
	}{
		{known, 120, "uploading  500/1000   50% [==============>               ]   5.0/10.0 MiB    1.0 MiB/s  5s left"},
		{known, 80, "uploading  500/1000   50% [=====>      ]   5.0/10.0 MiB    1.0 MiB/s  5s left"},
		{known, 60, "uploading  500/1000   50% [==>    ]    1.0 MiB/s  5s left"},
		{known, 40, "uploading  500/1000   50%  5s left"},
		{known, 25, "uploading  500/1000   50%"},
		{known, 20, "uploading  500/1000"},
		{known, 12, "uploading .."},
		{known, 5, "uploa"},
		{unknown, 80, "uploading 512 done    5.0 MiB    1.0 MiB/s  1m00s"},
		{unknown, 40, "uploading 512 done    1.0 MiB/s  1m00s"},
		{unknown, 30, "uploading 512 done  1m00s"},
	} {
		if got := test.sums.frame("uploading", pace{rate: mib, left: 5 * time.Second}, time.Minute).line(test.columns); got != test.want {
			t.Errorf("%d columns:\n%q, want\n%q", test.columns, got, test.want)
		}
	}
}

// In any order of reports and prints, no line is too wide, no printed line is
// mangled, and nothing else remains in the end, even if results go to the same
// terminal.
func TestManyLeavesOnlyWhatWasPrinted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			t.Log("seed", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			columns := []int{1, 9, 20, 40, 80, 120}[random.IntN(6)]
			d := newDisplay(Bar, columns)
			many, results := d.progress.BeginMany("uploading"), d.screen.Beside(d.emulator)
			var printed []string
			for range 200 {
				time.Sleep(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
				n := []int64{-1 << 40, -1, 0, 1, 12345, 1 << 62}[random.IntN(6)]
				switch random.IntN(8) {
				case 0:
					many.Found(random.IntN(1000))
				case 1:
					many.Sized(n)
				case 2:
					many.Moved(n)
				case 3:
					many.Finished(n)
				case 4:
					many.Expect(random.IntN(1000))
				case 5:
					many.Listed()
				default:
					line := strings.Repeat("w", min(columns-1, 30))
					printed = append(printed, line)
					if random.IntN(2) == 0 {
						fmt.Fprintln(d.screen, line)
					} else {
						fmt.Fprintln(results, line)
					}
				}
			}
			many.End()
			d.expectOnly(t, printed, func() { many.Moved(1) })
		})
	}
}

func TestManyLinesForLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		many := NewProgress(NewScreen(&log, func() int { return 0 }), Lines).BeginMany("verifying")
		many.Found(100)
		time.Sleep(time.Second / 2) // never at the same time as a tick
		for range 100 {
			if many.Sized(mib); many.at.settled == 20 {
				many.Listed()
			}
			many.Moved(mib)
			many.Finished(0)
			time.Sleep(time.Second)
		}
		many.End()
		want := `artifact: verifying 5 done: 5.0 MiB, 1.0 MiB/s, 5s
artifact: verifying 35/100: 35%, 35.0 MiB, 1.0 MiB/s, 1m05s left
artifact: verifying 65/100: 65%, 65.0 MiB, 1.0 MiB/s, 35s left
artifact: verifying 95/100: 95%, 95.0 MiB, 1.0 MiB/s, 5s left
`
		if log.String() != want {
			t.Errorf("the log is\n%s\nwant\n%s", log.String(), want)
		}
	})
}
