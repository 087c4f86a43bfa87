//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// files creates n different files and returns their list.
func files(t *testing.T, dir string, count int) (list string) {
	t.Helper()
	var names strings.Builder
	for i := range count {
		name := fmt.Sprintf("f%04d", i)
		writeFile(t, filepath.Join(dir, name), name)
		fmt.Fprintln(&names, name)
	}
	return names.String()
}

// crowded is a cache that refuses the first requests once all of them have
// arrived, and asks for a pause of a second.
type crowded struct {
	refused int

	mu             sync.Mutex
	came           int
	all            chan struct{}
	under, done    int // way, after the pause
	most, mostSoon int // under way at a time; while the first three were not done
	at             time.Time
	pause          time.Duration
}

func (c *crowded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	c.mu.Lock()
	c.came++
	early := c.came <= c.refused
	if c.came == c.refused {
		c.at = time.Now()
		close(c.all)
	}
	if !early {
		if c.pause == 0 {
			c.pause = time.Since(c.at)
		}
		c.under++
		c.most = max(c.most, c.under)
		if c.done < 3 {
			c.mostSoon = c.most
		}
	}
	c.mu.Unlock()
	if early {
		select {
		case <-c.all:
		case <-r.Context().Done(): // the program has ended
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	time.Sleep(20 * time.Millisecond)
	c.mu.Lock()
	c.under--
	c.done++
	c.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// TestCrowdedServer checks that after the pause half as many requests run at a
// time, and then gradually more.
func TestCrowdedServer(t *testing.T) {
	t.Parallel()
	const count, jobs = 80, 8
	c := &crowded{refused: jobs, all: make(chan struct{})}
	server := serve(t, c.ServeHTTP)
	dir := t.TempDir()
	list := files(t, dir, count)
	got := call{args: []string{"put", "-q", "-j", fmt.Sprint(jobs), "--retries", "1", "--files-from", "-"},
		stdin: strings.NewReader(list), dir: dir, env: server.env()}.run(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	if got.code != 0 || got.stderr != "" || c.done != count {
		t.Errorf("exit %d, %q; %d were uploaded", got.code, got.stderr, c.done)
	}
	if c.pause < 900*time.Millisecond || c.mostSoon != jobs/2 || c.most <= jobs/2 || c.most > jobs {
		t.Errorf("after %v at first %d were under way at a time, later %d", c.pause, c.mostSoon, c.most)
	}
}

// TestLimits checks that limits are for the whole process, whatever the jobs.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		size int
		// least is the minimum time for ten artifacts.
		least time.Duration
	}{
		// Nine of them wait for their turn.
		"requests": {[]string{"--limit-requests", "30/s"}, 10, 300 * time.Millisecond},
		// An eighth of a second's bytes may go at once.
		"bytes": {[]string{"--limit-rate", "512K"}, 32 << 10, 400 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var times []time.Time
			server := record(t, func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				times = append(times, time.Now())
				mu.Unlock()
				w.WriteHeader(http.StatusAccepted)
			})
			dir := t.TempDir()
			args := slices.Concat([]string{"put", "-q", "-j", "10"}, test.args)
			for i := range 10 {
				name := fmt.Sprint(i)
				writeFile(t, filepath.Join(dir, name), strings.Repeat(name, test.size))
				args = append(args, name)
			}
			began := time.Now()
			got := call{args: args, dir: dir, env: server.env()}.run(t)
			mu.Lock()
			defer mu.Unlock()
			if got.code != 0 || len(times) != 10 {
				t.Fatalf("%+v, %d requests", got, len(times))
			}
			if took := times[9].Sub(began); took < test.least {
				t.Errorf("it took %v, and must take %v", took, test.least)
			}
		})
	}
}
