package ui

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func beginMany(style Style, columns int) (*Many, *emulator, *Screen) {
	terminal := newEmulator(columns)
	screen := NewScreen(terminal, func() int { return columns })
	return NewProgress(screen, style).BeginMany("uploading"), terminal, screen
}

// TestManyTellsHowFarTheListIs from one whose length nobody knows to its end.
func TestManyTellsHowFarTheListIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		many, terminal, screen := beginMany(Bar, 90)
		defer many.End()
		var got []string
		see := func(wait time.Duration) {
			time.Sleep(wait)
			screen.mu.Lock()
			defer screen.mu.Unlock()
			got = append(got, terminal.rows[terminal.row])
		}
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
		see(250 * time.Millisecond)
		find(20)
		upload(10)
		see(time.Second)
		many.Expect(100)
		see(time.Second)
		find(80)
		many.Listed()
		upload(10)
		see(time.Second)
		for range 30 {
			many.Finished(mib) // skipped
		}
		see(time.Second)
		upload(49)
		many.Moved(mib / 2)
		see(time.Second)
		many.Moved(-mib / 2) // a new attempt
		see(100 * time.Millisecond)
		upload(1)
		see(100 * time.Millisecond)
		many.End()
		see(50 * time.Millisecond)
		want := []string{
			"uploading 0 done        0 B               0s",
			"uploading 10 done   10.0 MiB    8.3 MiB/s  1s",
			"uploading  10/100   10% [=>                         ]   10.0 MiB    4.5 MiB/s  20s left",
			"uploading  20/100   20% [===>                 ]   20.0/100.0 MiB    6.2 MiB/s  13s left",
			"uploading  50/100   50% [==========>            ]  20.0/70.0 MiB    4.8 MiB/s  5s left",
			"uploading  99/100   99% [=====================> ]  69.5/70.0 MiB   13.4 MiB/s  1s left",
			"uploading  99/100   99% [=====================> ]  69.0/70.0 MiB   13.0 MiB/s  1s left",
			"uploading 100/100  100% [=======================]  70.0/70.0 MiB   13.0 MiB/s",
			"",
		}
		if !slices.Equal(got, want) {
			t.Errorf("the terminal showed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestManyFitsEveryWidth leaves out what matters least, and never cuts a number.
func TestManyFitsEveryWidth(t *testing.T) {
	t.Parallel()
	view := manyView{verb: "uploading", settled: 512, total: 1000, known: true, part: 0.5, moved: 5 * mib, bytes: 10 * mib,
		pace: pace{rate: mib, left: 5 * time.Second}}
	unknown := manyView{verb: "uploading", settled: 512, total: 600, moved: 5 * mib, bytes: -1, pace: pace{rate: mib}, elapsed: time.Minute}
	for _, test := range []struct {
		view    manyView
		columns int
		want    string
	}{
		{view, 120, "uploading  512/1000   50% [==============>               ]   5.0/10.0 MiB    1.0 MiB/s  5s left"},
		{view, 80, "uploading  512/1000   50% [=====>      ]   5.0/10.0 MiB    1.0 MiB/s  5s left"},
		{view, 60, "uploading  512/1000   50% [==>    ]    1.0 MiB/s  5s left"},
		{view, 40, "uploading  512/1000   50%  5s left"},
		{view, 25, "uploading  512/1000   50%"},
		{view, 20, "uploading  512/1000"},
		{view, 12, "uploading .."},
		{view, 5, "uploa"},
		{unknown, 80, "uploading 512 done    5.0 MiB    1.0 MiB/s  1m00s"},
		{unknown, 40, "uploading 512 done    1.0 MiB/s  1m00s"},
		{unknown, 30, "uploading 512 done  1m00s"},
	} {
		if got := test.view.bar(test.columns); got != test.want {
			t.Errorf("%d columns:\n%q, want\n%q", test.columns, got, test.want)
		}
	}
}

// Whatever is reported and printed, in whatever order: no line is too wide, no
// printed line is mangled, and nothing else is left in the end. Results that go
// to the same terminal are lines like others.
func TestManyLeavesOnlyWhatWasPrinted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			columns := []int{1, 9, 20, 40, 80, 120}[random.IntN(6)]
			many, terminal, screen := beginMany(Bar, columns)
			results := screen.Beside(terminal)
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
						fmt.Fprintln(screen, line)
					} else {
						fmt.Fprintln(results, line)
					}
				}
			}
			many.End()
			writes := terminal.writes
			many.Moved(1)
			time.Sleep(time.Hour)
			if terminal.writes != writes {
				t.Errorf("seed %d: it wrote after the end", seed)
			}
			if want := append(printed, ""); !slices.Equal(terminal.rows, want) || terminal.col != 0 || terminal.errors != nil {
				t.Errorf("seed %d, %d columns: the terminal shows %q and has the cursor in column %d, want %q; %q",
					seed, columns, terminal.rows, terminal.col, want, terminal.errors)
			}
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
		want := `artifact: verifying: 5 artifacts, 5.0 MiB, 1.0 MiB/s
artifact: verifying: 35 of 100 artifacts (35%), 35.0 MiB, 1.0 MiB/s, 1m05s left
artifact: verifying: 65 of 100 artifacts (65%), 65.0 MiB, 1.0 MiB/s, 35s left
artifact: verifying: 95 of 100 artifacts (95%), 95.0 MiB, 1.0 MiB/s, 5s left
`
		if log.String() != want {
			t.Errorf("the log is\n%s\nwant\n%s", log.String(), want)
		}
	})
}

func TestSilentManyShowsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		many, terminal, _ := beginMany(Silent, 80)
		many.Found(1)
		time.Sleep(time.Hour)
		many.End()
		many.End()
		if terminal.writes > 0 {
			t.Errorf("it wrote %d times", terminal.writes)
		}
	})
}
