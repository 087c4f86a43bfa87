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

const mib = 1 << 20

// display is a terminal that shows a transfer, in the bubble of a test.
type display struct {
	*emulator
	screen   *Screen
	progress *Progress
	seen     []string
}

func newDisplay(style Style, columns int) *display {
	d := &display{emulator: newEmulator(columns)}
	d.screen = NewScreen(d.emulator, func() int { return columns })
	d.progress = NewProgress(d.screen, style)
	return d
}

// see records the last row after a while.
func (d *display) see(wait time.Duration) {
	time.Sleep(wait)
	d.screen.mu.Lock()
	defer d.screen.mu.Unlock()
	d.seen = append(d.seen, d.rows[d.row])
}

func (d *display) expectSeen(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(d.seen, want) {
		t.Errorf("the terminal showed\n%s\nwant\n%s", strings.Join(d.seen, "\n"), strings.Join(want, "\n"))
	}
}

// expectOnly fails unless, after the transfer, the display shows only the printed
// lines, even if something is reported late.
func (d *display) expectOnly(t *testing.T, printed []string, late func()) {
	t.Helper()
	writes := d.writes
	late()
	time.Sleep(time.Hour)
	if d.writes != writes {
		t.Error("it wrote after the end")
	}
	if want := append(printed, ""); !slices.Equal(d.rows, want) || d.col != 0 || d.errors != nil {
		t.Errorf("%d columns: the terminal shows %q and has the cursor in column %d, want %q; %q", d.columns, d.rows, d.col, want, d.errors)
	}
}

func TestBarTellsEveryStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(Bar, 100)
		transfer := d.progress.Begin("out.tar.zst")
		defer transfer.End()
		const moment = 50 * time.Millisecond // the bar is drawn at tenths of a second
		d.see(250 * time.Millisecond)
		transfer.Hashed(10*mib, -1)
		d.see(time.Second)
		transfer.Packed(1234, 30*mib)
		transfer.Hashed(11*mib, -1) // of the archive
		d.see(time.Second)
		transfer.Hashed(100*mib, 100*mib)
		d.see(time.Second)
		transfer.Sent(10*mib, 100*mib)
		d.see(time.Second)
		transfer.Sent(20*mib, 100*mib)
		d.see(time.Second)
		transfer.Sent(5*mib, 100*mib) // a new attempt
		d.see(100 * time.Millisecond)
		transfer.Sent(100*mib, 100*mib)
		d.see(100 * time.Millisecond)
		d.see(2 * time.Second)
		transfer.End()
		d.see(moment)
		d.expectSeen(t,
			"preparing out.tar.zst  0s",
			"reading out.tar.zst   10.0 MiB        0 B/s  1s",
			"packing out.tar.zst    1234 files   30.0 MiB        0 B/s  1s",
			"hashed out.tar.zst  1s",
			"uploading out.tar.zst   10% [=>                         ]   10.0/100.0 MiB        0 B/s",
			"uploading out.tar.zst   20% [====>                      ]   20.0/100.0 MiB    5.3 MiB/s  16s left",
			"uploading out.tar.zst    5% [>                          ]    5.0/100.0 MiB",
			"waiting for the server: out.tar.zst  100.0 MiB sent  0s",
			"waiting for the server: out.tar.zst  100.0 MiB sent  2s",
			"",
		)
	})
}

// In any order of reports and prints, no line is too wide, no printed line is
// mangled, and nothing else remains in the end.
func TestBarLeavesOnlyWhatWasPrinted(t *testing.T) {
	t.Parallel()
	names := []string{"out.tar.zst", "-", "日本語の長いファイル名がここにあります.zst", strings.Repeat("dir/", 99), "evil\x1b[2J\r\nname\u202e", ""}
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			t.Log("seed", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			columns := []int{1, 9, 20, 40, 80, 120}[random.IntN(6)]
			name := names[random.IntN(len(names))]
			d := newDisplay(Bar, columns)
			transfer := d.progress.Begin(name)
			var printed []string
			for range 200 {
				time.Sleep(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
				size := []int64{-1, 0, 1, 12345, 1 << 62}[random.IntN(5)]
				n := random.Int64N(max(size, 1) + 1)
				switch random.IntN(6) {
				case 0, 1:
					transfer.Hashed(n, size)
				case 4:
					transfer.Received(n, size)
				case 2, 3:
					transfer.Sent(n, max(size, 0))
				default:
					line := strings.Repeat("w", min(columns-1, 30))
					printed = append(printed, line)
					fmt.Fprintln(d.screen, line)
				}
			}
			transfer.End()
			d.expectOnly(t, printed, func() { transfer.Sent(1, 2) })
		})
	}
}

func TestShortTransferShowsNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		style Style
		takes time.Duration
		drawn bool
	}{
		{Bar, firstBar - time.Millisecond, false},
		{Bar, firstBar + barTick, true},
		{Lines, firstLine - time.Millisecond, false},
		{Lines, firstLine + time.Second, true},
		{Silent, time.Hour, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDisplay(test.style, 80)
			transfer := d.progress.Begin("out")
			transfer.Sent(1, 2)
			time.Sleep(test.takes)
			transfer.End()
			transfer.End()
			if drawn := d.writes > 0; drawn != test.drawn {
				t.Errorf("style %d: after %v it had written %d times", test.style, test.takes, d.writes)
			}
			if test.style != Silent {
				return
			}
			many := d.progress.BeginMany("uploading")
			many.Found(1)
			time.Sleep(test.takes)
			many.End()
			many.End()
			if d.writes > 0 {
				t.Errorf("many: it wrote %d times", d.writes)
			}
		})
	}
}

func TestBarIsDrawnTenTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(Bar, 80)
		transfer := d.progress.Begin("out")
		const calls = 10_000 // in ten seconds
		for n := range int64(calls) {
			transfer.Sent(n, calls)
			time.Sleep(time.Millisecond)
		}
		transfer.End()
		if d.writes < 95 || d.writes > 101 {
			t.Errorf("it wrote %d times in ten seconds", d.writes)
		}
	})
}

func TestLinesForLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		progress := NewProgress(NewScreen(&log, func() int { return 0 }), Lines)
		transfer := progress.Begin("dist/out\n.tar.zst")
		time.Sleep(time.Second / 2) // never at the same time as a tick
		for n := range int64(51) {
			transfer.Hashed(n*mib, -1)
			time.Sleep(time.Second)
		}
		for n := range int64(51) {
			transfer.Sent(n*2*mib, 100*mib)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		transfer.End()
		want := `artifact: reading dist/out\n.tar.zst: 4.0 MiB, 1.0 MiB/s, 4s
artifact: reading dist/out\n.tar.zst: 34.0 MiB, 1.0 MiB/s, 34s
artifact: uploading dist/out\n.tar.zst: 26%, 26.0/100.0 MiB, 2.0 MiB/s, 37s left
artifact: uploading dist/out\n.tar.zst: 86%, 86.0/100.0 MiB, 2.0 MiB/s, 7s left
artifact: waiting for the server: dist/out\n.tar.zst: 100.0 MiB sent, 23s
artifact: waiting for the server: dist/out\n.tar.zst: 100.0 MiB sent, 53s
`
		if log.String() != want {
			t.Errorf("the log is\n%s\nwant\n%s", log.String(), want)
		}
	})
}

func BenchmarkTransferSent(b *testing.B) {
	transfer := newDisplay(Bar, 80).progress.Begin("out.tar.zst")
	defer transfer.End()
	for n := int64(0); b.Loop(); n++ {
		transfer.Sent(n, 1<<62)
	}
}
