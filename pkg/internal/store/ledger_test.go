package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// TestOthersFilesAreCounted checks that other stores' files count within a
// minute.
func TestOthersFilesAreCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bounded, err := Open(dir, Options{MaxSize: 35_000})
	if err != nil {
		t.Fatal(err)
	}
	if err := bounded.ledger.update(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	put := func(d *Dir, id string) {
		t.Helper()
		key := Key{Team: "local", ID: artifact.ID(id)}
		if err := d.Put(t.Context(), key, 10_000, artifact.Metadata{}, strings.NewReader(strings.Repeat("x", 10_000))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		put(other, fmt.Sprint(i))
	}
	put(bounded, "first")
	if got := bounded.Usage().Bytes; got >= 20_000 {
		t.Fatalf("%d bytes are counted: the ledger knows of the others already", got)
	}
	bounded.ledger.mu.Lock()
	bounded.ledger.scanned = time.Now().Add(-bounded.ledger.staleAfter() - time.Second)
	bounded.ledger.mu.Unlock()
	put(bounded, "last")
	got := make(map[string]bool)
	for _, id := range []string{"0", "1", "2", "3", "4", "first", "last"} {
		_, err := bounded.Stat(t.Context(), Key{Team: "local", ID: artifact.ID(id)})
		got[id] = err == nil
	}
	want := map[string]bool{"0": false, "1": false, "2": false, "3": false, "4": true, "first": true, "last": true}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	if err := errors.Join(bounded.Close(), other.Close()); err != nil {
		t.Error(err)
	}
}

// TestPutWaitsForTheScan checks that before the first scan has ended, a Get is
// answered, and a Put waits for as long as its context allows.
func TestPutWaitsForTheScan(t *testing.T) {
	t.Parallel()
	d, err := Open(t.TempDir(), Options{MaxSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	key := Key{Team: "local", ID: "a"}
	put := func(ctx context.Context) error {
		return d.Put(ctx, key, 4, artifact.Metadata{}, strings.NewReader("body"))
	}
	if err := put(t.Context()); err != nil {
		t.Fatal(err)
	}
	// pretend makes the ledger wait for a first scan with this result.
	pretend := func(result error) *scan {
		s := &scan{changed: make(map[string]file), done: make(chan struct{}), err: result}
		d.ledger.mu.Lock()
		defer d.ledger.mu.Unlock()
		d.ledger.scanned, d.ledger.scanning = time.Time{}, s
		return s
	}
	broken := errors.New("the disk is broken")
	s := pretend(broken)
	if usage := d.Usage(); usage.IsCounted {
		t.Errorf("Usage() = %v during the first scan", usage)
	}
	blob, err := d.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get = %v", err)
	}
	if err := blob.Body.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := put(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Put = %v during a scan, want DeadlineExceeded", err)
	}
	close(s.done)
	if err := put(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Put = %v after a scan that failed, want its error", err)
	}
	d.ledger.mu.Lock()
	d.ledger.scanning = nil
	d.ledger.mu.Unlock()
	if err := errors.Join(put(t.Context()), d.Close()); err != nil {
		t.Errorf("Put = %v after another scan", err)
	}
}
