package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// millionDir is the variable that makes this test binary open a large store.
const millionDir = "ARTIFACT_TEST_STORE_MILLION"

func init() { programs[millionDir] = openMany }

// opened is what that process reports.
type opened struct {
	Open, Count time.Duration // until the store was open, and counted
	Gets        int           // answered in between
	P99         time.Duration // of these
	Usage       store.Usage   // after a Put for which one artifact had to go
	PeakKiB     int           // of memory
}

// TestMillion opens a store with a million artifacts, or without ARTIFACT_TEST_LONG
// fewer: it answers at once, and its memory is bounded.
func TestMillion(t *testing.T) {
	t.Parallel()
	count, soon := 20_000, 20*time.Second // also for a machine that pauses
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		count, soon = 1_000_000, 2*time.Second
	}
	dir := t.TempDir()
	must.Get(store.Open(dir, store.Options{}))(t).Close() //nolint:errcheck // only to mark it
	size := plantMany(t, dir, count)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), millionDir+"="+dir, fmt.Sprint("LIMIT=", size))
	output, err := child.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	var got opened
	must.Do(t, json.Unmarshal(output, &got))
	t.Logf("%d artifacts: %+v", count, got)
	if got.Open > soon || got.PeakKiB > 200<<10 || got.Gets < count/20_000 {
		t.Errorf("opening %d artifacts: %+v, want %v and 200 MiB at most, and artifacts in the meantime", count, got, soon)
	}
	removed := got.Usage.Removed[store.Evicted]
	if got.Usage.Artifacts != int64(count)+1-removed || removed == 0 || removed > 9 || got.Usage.Bytes > size {
		t.Errorf("%+v after one Put more than fits", got.Usage)
	}
}

func manyKey(i int) store.Key {
	return store.Key{Team: "local", ID: artifact.ID(fmt.Sprintf("%064x", i))}
}

// plantMany writes artifacts, and returns their size.
func plantMany(t *testing.T, dir string, count int) (size int64) {
	t.Helper()
	must.Do(t, os.Mkdir(filepath.Join(dir, "local"), 0o700))
	text := func(i int) []byte {
		return fmt.Appendf(nil, `{"artifact":1,"team":"local","id":"%s","size":4}`+"\nbody", manyKey(i).ID)
	}
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := w; i < count; i += 4 {
				if err := os.WriteFile(filepath.Join(dir, "local", string(manyKey(i).ID)), text(i), 0o600); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return int64(count * len(text(0)))
}

// openMany opens the store of TestMillion and prints what it takes.
func openMany(dir string) error {
	var got opened
	var limit int64
	if _, err := fmt.Sscan(os.Getenv("LIMIT"), &limit); err != nil {
		return err
	}
	start := time.Now()
	d, err := store.Open(dir, store.Options{MaxSize: limit, MaxAge: 1000 * time.Hour})
	if err != nil {
		return err
	}
	got.Open = time.Since(start)
	var took []time.Duration
	for !d.Usage().IsCounted || len(took) == 0 {
		begin := time.Now()
		blob, err := d.Get(context.Background(), manyKey(len(took)*7919%20_000))
		if err != nil {
			return err
		}
		if err := blob.Body.Close(); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
		time.Sleep(time.Millisecond)
	}
	got.Count, got.Gets = time.Since(start), len(took)
	slices.Sort(took)
	got.P99 = took[len(took)*99/100]
	if err := d.Put(context.Background(), key("one-more"), 4, artifact.Metadata{}, strings.NewReader("more")); err != nil {
		return err
	}
	got.Usage = d.Usage()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, peak, _ := bytes.Cut(status, []byte("VmHWM:"))
	if _, err := fmt.Sscan(string(peak), &got.PeakKiB); err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(os.Stdout).Encode(got), d.Close())
}
