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

// begin starts a transfer that shows on a terminal, in the bubble of a test.
func begin(style Style, columns int, name string) (*Transfer, *emulator, *Screen) {
	terminal := newEmulator(columns)
	screen := NewScreen(terminal, func() int { return columns })
	return NewProgress(screen, style).Begin(name), terminal, screen
}

func TestBarTellsEveryStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transfer, terminal, screen := begin(Bar, 100, "out.tar.zst")
		defer transfer.End()
		var got []string
		see := func(wait time.Duration) {
			time.Sleep(wait)
			screen.mu.Lock()
			defer screen.mu.Unlock()
			got = append(got, terminal.rows[terminal.row])
		}
		const moment = 50 * time.Millisecond // the bar is drawn at tenths of a second
		see(250 * time.Millisecond)
		transfer.Hashed(10*mib, -1)
		see(time.Second)
		transfer.Hashed(100*mib, 100*mib)
		see(time.Second)
		transfer.Sent(10*mib, 100*mib)
		see(time.Second)
		transfer.Sent(20*mib, 100*mib)
		see(time.Second)
		transfer.Sent(5*mib, 100*mib) // a new attempt
		see(100 * time.Millisecond)
		transfer.Sent(100*mib, 100*mib)
		see(100 * time.Millisecond)
		see(2 * time.Second)
		transfer.End()
		see(moment)
		want := []string{
			"preparing out.tar.zst  0s",
			"reading out.tar.zst   10.0 MiB        0 B/s  1s",
			"hashed out.tar.zst  1s",
			"uploading out.tar.zst   10% [=>                         ]   10.0/100.0 MiB        0 B/s",
			"uploading out.tar.zst   20% [====>                      ]   20.0/100.0 MiB    5.3 MiB/s  16s left",
			"uploading out.tar.zst    5% [>                          ]    5.0/100.0 MiB",
			"waiting for the server: out.tar.zst  100.0 MiB sent  0s",
			"waiting for the server: out.tar.zst  100.0 MiB sent  2s",
			"",
		}
		if !slices.Equal(got, want) {
			t.Errorf("the terminal showed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Whatever is reported and printed, in whatever order: no line is too wide, no
// printed line is mangled, and nothing else is left in the end.
func TestBarLeavesOnlyWhatWasPrinted(t *testing.T) {
	t.Parallel()
	names := []string{"out.tar.zst", "-", "日本語の長いファイル名がここにあります.zst", strings.Repeat("dir/", 99), "evil\x1b[2J\r\nname\u202e", ""}
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			columns := []int{1, 9, 20, 40, 80, 120}[random.IntN(6)]
			name := names[random.IntN(len(names))]
			transfer, terminal, screen := begin(Bar, columns, name)
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
					fmt.Fprintln(screen, line)
				}
			}
			transfer.End()
			writes := terminal.writes
			transfer.Sent(1, 2)
			time.Sleep(time.Hour)
			if terminal.writes != writes {
				t.Errorf("seed %d: it wrote after the end", seed)
			}
			if want := append(printed, ""); !slices.Equal(terminal.rows, want) || terminal.col != 0 || terminal.errors != nil {
				t.Errorf("seed %d, %d columns, %q: the terminal shows %q and has the cursor in column %d, want %q; %q",
					seed, columns, name, terminal.rows, terminal.col, want, terminal.errors)
			}
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
		{Bar, patience - time.Millisecond, false},
		{Bar, patience + redraw, true},
		{Lines, firstLine - time.Millisecond, false},
		{Lines, firstLine + time.Second, true},
		{Silent, time.Hour, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			transfer, terminal, _ := begin(test.style, 80, "out")
			transfer.Sent(1, 2)
			time.Sleep(test.takes)
			transfer.End()
			transfer.End()
			if drawn := terminal.writes > 0; drawn != test.drawn {
				t.Errorf("style %d: after %v it had written %d times", test.style, test.takes, terminal.writes)
			}
		})
	}
}

func TestBarIsDrawnTenTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transfer, terminal, _ := begin(Bar, 80, "out")
		const calls = 10_000 // in ten seconds
		for n := range int64(calls) {
			transfer.Sent(n, calls)
			time.Sleep(time.Millisecond)
		}
		transfer.End()
		if terminal.writes < 95 || terminal.writes > 101 {
			t.Errorf("it wrote %d times in ten seconds", terminal.writes)
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
		want := `artifact: reading dist/out .tar.zst: 4.0 MiB, 1.0 MiB/s
artifact: reading dist/out .tar.zst: 34.0 MiB, 1.0 MiB/s
artifact: uploading dist/out .tar.zst: 26.0 MiB of 100.0 MiB (26%), 2.0 MiB/s, 37s left
artifact: uploading dist/out .tar.zst: 86.0 MiB of 100.0 MiB (86%), 2.0 MiB/s, 7s left
artifact: waiting for the server: dist/out .tar.zst: 100.0 MiB sent, 23s
artifact: waiting for the server: dist/out .tar.zst: 100.0 MiB sent, 53s
`
		if log.String() != want {
			t.Errorf("the log is\n%s\nwant\n%s", log.String(), want)
		}
	})
}

func BenchmarkTransferSent(b *testing.B) {
	transfer, _, _ := begin(Bar, 80, "out.tar.zst")
	defer transfer.End()
	for n := int64(0); b.Loop(); n++ {
		transfer.Sent(n, 1<<62)
	}
}
