package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

const onceDir = "ARTIFACT_TEST_STORE_ONCE"

func init() { programs[onceDir] = writeOnceForever }

// writeOnceForever puts artifacts of its own under the ids id-0, id-1 and so on,
// from the first that is free, and prints which of them it stored. Other processes
// do the same.
func writeOnceForever(dir string) error {
	d, err := store.Open(dir, store.Options{WriteOnce: true})
	if err != nil {
		return err
	}
	taken, _ := filepath.Glob(filepath.Join(dir, "local", "*"))
	n := 1 + rand.IntN(1<<30)
	for i := len(taken); ; i++ {
		m, body := generation(0, n)
		err := d.Put(context.Background(), killKey(i), int64(len(body)), m, bytes.NewReader(body))
		switch {
		case err == nil:
			fmt.Println(i, n)
		case !errors.Is(err, store.ErrExists):
			return err
		}
	}
}

// TestKillWriteOnce kills processes that race for the same ids: what one of them has
// stored stays.
func TestKillWriteOnce(t *testing.T) {
	t.Parallel()
	rounds := 4
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		rounds = 25
	}
	dir, stored := t.TempDir(), make(map[int]int)
	for range rounds {
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for id, n := range raceAndKill(t, dir) {
					mu.Lock()
					if stored[id] != 0 {
						t.Errorf("id %d was stored by %d and by %d", id, stored[id], n)
					}
					stored[id] = n
					mu.Unlock()
				}
			})
		}
		group.Wait()
	}
	d := must.Get(store.Open(dir, store.Options{}))(t)
	for id, n := range stored {
		_, want := generation(0, n)
		if got := contents(t, d, string(killKey(id).ID)); got[string(killKey(id).ID)] != string(want) {
			t.Errorf("id %d does not hold what %d stored", id, n)
		}
	}
	must.Do(t, d.Close())
	for _, file := range tree(t, dir) {
		if strings.HasPrefix(file, ".tmp/") {
			t.Errorf("%q was left behind", file)
		}
	}
	if len(stored) < rounds {
		t.Errorf("%d artifacts were stored in %d rounds", len(stored), rounds)
	}
}

// raceAndKill runs a process for a while, and returns what it stored.
func raceAndKill(t *testing.T, dir string) map[int]int {
	t.Helper()
	writer := exec.CommandContext(t.Context(), os.Args[0])
	writer.Env = append(os.Environ(), onceDir+"="+dir)
	var complaints bytes.Buffer
	writer.Stderr = &complaints
	output := must.Get(writer.StdoutPipe())(t)
	must.Do(t, writer.Start())
	stored := make(map[int]int)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if len(stored) == 0 {
			time.AfterFunc(time.Duration(rand.Int64N(int64(100*time.Millisecond))), func() { _ = writer.Process.Kill() })
		}
		var id, n int
		if fields, err := fmt.Sscan(lines.Text(), &id, &n); err != nil || fields != 2 {
			break // the line that the kill cut
		}
		stored[id] = n
	}
	_, _ = io.Copy(io.Discard, output)
	_ = writer.Wait()
	if complaints.Len() > 0 {
		t.Errorf("a writer failed: %s", complaints.String())
	}
	return stored
}
