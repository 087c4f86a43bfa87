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
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// writerStore is the variable that makes this test binary write to a store, a
// directory or a bucket's address, until it is killed.
const writerStore = "ARTIFACT_TEST_STORE_WRITER"

// programs are what this test binary does if a variable is set, to its value.
var programs = map[string]func(where string) error{writerStore: writeForever}

func TestMain(m *testing.M) {
	for variable, run := range programs {
		where := os.Getenv(variable)
		if where == "" {
			continue
		}
		if err := run(where); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// openStore opens a store that is never closed.
func openStore(where string) (store.Store, error) {
	if !strings.HasPrefix(where, "s3:") {
		return store.Open(where, store.Options{MaxSize: 1 << 30})
	}
	address, err := store.ParseBucket(where)
	if err != nil {
		return nil, err
	}
	return store.OpenBucket(context.Background(), address, store.BucketOptions{})
}

// killIDs is how many ids the writers share, so that most Puts replace.
const killIDs = 6

func killKey(i int) store.Key { return key(fmt.Sprint("id-", i)) }

// generation returns the nth artifact of an id: n determines body and metadata,
// and the metadata contain n.
func generation(id, n int) (artifact.Metadata, []byte) {
	size := (n*7919 + id) % 300_000
	if n%8 == 4 {
		size += 9 << 20 // more than one part of an upload to a bucket
	}
	return artifact.Metadata{SHA: fmt.Sprint(n)}, storetest.Bytes(byte(id*50+n), size)
}

// putGeneration does not announce the size of every second one.
func putGeneration(ctx context.Context, s store.Store, id, n int) error {
	m, body := generation(id, n)
	size := int64(len(body))
	if n%2 == 0 {
		size = store.UnknownSize
	}
	return s.Put(ctx, killKey(id), size, m, bytes.NewReader(body))
}

// writeForever prints what it has stored. Two goroutines write different ids at
// the same time, over artifacts of earlier writers.
func writeForever(where string) error {
	d, err := openStore(where)
	if err != nil {
		return err
	}
	next := make([]int, killIDs)
	for i := range next {
		entry, err := d.Stat(context.Background(), killKey(i))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Sscan(entry.Metadata.SHA, &next[i]); err != nil {
			return err
		}
	}
	failed := make(chan error)
	for g := range 2 {
		go func() {
			for i := g; ; i = (i + 2) % killIDs {
				next[i]++
				if err := putGeneration(context.Background(), d, i, next[i]); err != nil {
					failed <- err
					return
				}
				fmt.Printf("%d %d\n", i, next[i])
			}
		}()
	}
	return <-failed
}

// TestKill repeatedly kills a writing process: everything that it reported as
// stored is there, all artifacts are complete, and there are no other files.
func TestKill(t *testing.T) {
	t.Parallel()
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		killRepeatedly(t, 12, 400, []string{writerStore + "=" + dir}, func(acknowledged []int) {
			d, err := store.Open(dir, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkAll(t, d, acknowledged)
			for _, file := range tree(t, dir) {
				if strings.HasPrefix(file, ".tmp/") {
					t.Errorf("%q was left behind", file)
				}
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		server := s3test.Start(t)
		b := openBucket(t, server, store.BucketOptions{})
		variables := append(server.Environ(), "AWS_REGION=us-east-1", writerStore+"="+server.URL(t.Name()))
		killRepeatedly(t, 4, 100, variables, func(acknowledged []int) {
			server.Restart(t) // it may still be storing what it has received
			checkAll(t, b, acknowledged)
		})
	})
}

// killRepeatedly calls check after each kill, with the last acknowledged
// generation of each id.
func killRepeatedly(t *testing.T, rounds, longRounds int, variables []string, check func(acknowledged []int)) {
	t.Helper()
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		rounds = longRounds
	}
	acknowledged, puts := make([]int, killIDs), 0
	for range rounds {
		puts += killWriter(t, variables, acknowledged)
		check(acknowledged)
		if t.Failed() {
			return
		}
	}
	t.Logf("%s: %d kills, %d acknowledged puts", t.Name(), rounds, puts)
	if puts < rounds {
		t.Errorf("%d puts in %d rounds: the writers did too little", puts, rounds)
	}
}

// killWriter runs a writer, kills it some time after its first Put, and records
// what it acknowledged.
func killWriter(t *testing.T, variables []string, acknowledged []int) int {
	t.Helper()
	writer := exec.CommandContext(t.Context(), os.Args[0])
	writer.Env = append(os.Environ(), variables...)
	var complaints bytes.Buffer
	writer.Stderr = &complaints
	output, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	lines, puts := bufio.NewScanner(output), 0
	for lines.Scan() {
		if puts == 0 {
			time.AfterFunc(time.Duration(rand.Int64N(int64(40*time.Millisecond))), func() { _ = writer.Process.Kill() })
		}
		var id, n int
		if _, err := fmt.Sscan(lines.Text(), &id, &n); err != nil {
			break // the line that the kill cut
		}
		acknowledged[id] = n
		puts++
	}
	_, _ = io.Copy(io.Discard, output)
	_ = writer.Wait()
	if complaints.Len() > 0 {
		t.Fatalf("the writer failed: %s", complaints.String())
	}
	return puts
}

// checkAll records what it finds, which must also be there after the next kill.
func checkAll(t *testing.T, s store.Store, acknowledged []int) {
	t.Helper()
	for id, least := range acknowledged {
		// The one after the last acknowledged may be there: the kill came before
		// the line.
		acknowledged[id] = checkGeneration(t, s, id, least, least+1)
	}
}

// checkGeneration returns which generation an id has, and fails unless it is
// complete and between two others, of which 0 is none.
func checkGeneration(t *testing.T, s store.Store, id, least, most int) int {
	t.Helper()
	sha, body, err := read(t.Context(), s, killKey(id))
	for errors.Is(err, store.ErrUnavailable) { // just killed
		sha, body, err = read(t.Context(), s, killKey(id))
	}
	if errors.Is(err, store.ErrNotFound) && least == 0 {
		return 0
	}
	var n int
	if err == nil {
		_, err = fmt.Sscan(sha, &n)
	}
	if err != nil {
		t.Errorf("id %d: %v, after generation %d was acknowledged", id, err, least)
		return least
	}
	if _, want := generation(id, n); !bytes.Equal(body, want) || n < least || n > most {
		t.Errorf("id %d holds generation %d, whole: %t; acknowledged: %d", id, n, bytes.Equal(body, want), least)
	}
	return n
}

func read(ctx context.Context, s store.Store, k store.Key) (sha string, body []byte, err error) {
	blob, err := s.Get(ctx, k)
	if err != nil {
		return "", nil, err
	}
	body, err = io.ReadAll(blob.Body)
	return blob.Metadata.SHA, body, errors.Join(err, blob.Body.Close())
}
