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

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// writerDir is the variable that makes this test binary write to a store until it
// is killed.
const writerDir = "ARTIFACT_TEST_STORE_WRITER"

// programs are what this test binary does if a variable is set, to its value.
var programs = map[string]func(dir string) error{writerDir: writeForever}

func TestMain(m *testing.M) {
	for variable, run := range programs {
		dir := os.Getenv(variable)
		if dir == "" {
			continue
		}
		if err := run(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// killIDs is how many ids the writers share, so that most Puts replace.
const killIDs = 6

func killKey(i int) store.Key { return key(fmt.Sprint("id-", i)) }

// generation returns the nth artifact of an id: n determines body and metadata,
// and the metadata contain n.
func generation(id, n int) (artifact.Metadata, []byte) {
	return artifact.Metadata{SHA: fmt.Sprint(n)}, storetest.Bytes(byte(id*50+n), (n*7919+id)%300_000)
}

// writeForever prints what it has stored. Two goroutines write different ids at
// the same time, over artifacts of earlier writers.
func writeForever(dir string) error {
	d, err := store.Open(dir, store.Options{MaxSize: 1 << 30})
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
				m, body := generation(i, next[i])
				if err := d.Put(context.Background(), killKey(i), int64(len(body)), m, bytes.NewReader(body)); err != nil {
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
	rounds := 12
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		rounds = 1000
	}
	dir, acknowledged, puts := t.TempDir(), make([]int, killIDs), 0
	for range rounds {
		puts += killWriter(t, dir, acknowledged)
		checkAll(t, dir, acknowledged)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills, %d acknowledged puts", rounds, puts)
	if puts < rounds {
		t.Errorf("%d puts in %d rounds: the writers did too little", puts, rounds)
	}
}

// killWriter runs a writer, kills it some time after its first Put, and records
// what it acknowledged.
func killWriter(t *testing.T, dir string, acknowledged []int) int {
	t.Helper()
	writer := exec.CommandContext(t.Context(), os.Args[0])
	writer.Env = append(os.Environ(), writerDir+"="+dir)
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
func checkAll(t *testing.T, dir string, acknowledged []int) {
	t.Helper()
	d, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	for id, least := range acknowledged {
		blob, err := d.Get(t.Context(), killKey(id))
		if errors.Is(err, store.ErrNotFound) && least == 0 {
			continue
		}
		if err != nil {
			t.Errorf("Get = %v, after generation %d was acknowledged", err, least)
			continue
		}
		body, err := io.ReadAll(blob.Body)
		if err := errors.Join(err, blob.Body.Close()); err != nil {
			t.Error(err)
		}
		var n int
		if _, err := fmt.Sscan(blob.Metadata.SHA, &n); err != nil {
			t.Errorf("metadata %q: %v", blob.Metadata.SHA, err)
		}
		_, want := generation(id, n)
		// The one after the last acknowledged may be there: the kill came
		// between the rename and the line.
		if !bytes.Equal(body, want) || n < least || n > least+1 {
			t.Errorf("id %d holds generation %d, whole: %t; acknowledged: %d", id, n, bytes.Equal(body, want), least)
		}
		acknowledged[id] = n // it must stay
	}
	for _, file := range tree(t, dir) {
		if strings.HasPrefix(file, ".tmp/") {
			t.Errorf("%q was left behind", file)
		}
	}
}
