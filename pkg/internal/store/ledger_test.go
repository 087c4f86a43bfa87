package store

import (
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
	bounded.ledger.scanned = time.Now().Add(-rescanAfter - time.Second)
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
