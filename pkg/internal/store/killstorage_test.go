package store_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// TestKillStorage repeatedly kills the server of a bucket during uploads, which may
// only fail as unavailable.
func TestKillStorage(t *testing.T) {
	t.Parallel()
	rounds := 3
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		rounds = 60
	}
	server := s3test.Start(t)
	b := openBucket(t, server, store.BucketOptions{})
	stop := make(chan struct{})
	var puts, failures [killIDs]int
	var group sync.WaitGroup
	for id := range killIDs {
		group.Go(func() { puts[id], failures[id] = writeThroughKills(t, b, id, stop) })
	}
	for range rounds {
		time.Sleep(rand.N(300 * time.Millisecond))
		server.Restart(t)
	}
	close(stop)
	group.Wait()
	t.Logf("%s: %d kills, %v acknowledged puts and %v others", t.Name(), rounds, puts, failures)
}

// writeThroughKills uploads one generation after another until it should stop, and
// checks what is there when an upload has failed, and at the end.
func writeThroughKills(t *testing.T, b *store.Bucket, id int, stop <-chan struct{}) (puts, failures int) {
	least := 0
	for n := 1; ; n++ {
		err := putGeneration(t.Context(), b, id, n)
		switch {
		case err == nil:
			puts++
			least = n
		case errors.Is(err, store.ErrUnavailable):
			failures++
			least = checkGeneration(t, b, id, least, n)
		default:
			t.Errorf("Put = %v, want ErrUnavailable", err)
			return puts, failures
		}
		select {
		case <-stop:
			checkGeneration(t, b, id, least, least)
			return puts, failures
		default:
		}
	}
}
