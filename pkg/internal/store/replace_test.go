package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestReplacedMeanwhile removes an expired artifact, and places another, as the same
// store may do, while an upload is about to replace it.
func TestReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := Open(dir, Options{WriteOnce: true, MaxAge: time.Hour})
	must.Do(t, err)
	t.Cleanup(func() { must.Do(t, d.Close()) })
	key := Key{Team: "local", ID: "a"}
	artifactOf := func(stored time.Time, body string) string {
		h := newHeader(key, int64(len(body)), artifact.Metadata{})
		h.Stored = stored.UTC()
		line, err := h.encode()
		must.Do(t, err)
		return string(line) + body
	}
	file := filepath.Join(dir, "local", "a")
	must.Do(t, os.Mkdir(filepath.Dir(file), dirMode))
	must.Do(t, os.WriteFile(file, []byte(artifactOf(time.Unix(0, 0), "old")), fileMode))

	second, err := d.session.write(func(temp *temp) error {
		_, err := temp.WriteString(artifactOf(time.Now(), "second"))
		return err
	})
	must.Do(t, err)
	unlock := d.ledger.lock(key.path())
	placed := make(chan bool)
	go func() {
		ok, err := d.replace(t.Context(), second, key, &room{ledger: d.ledger})
		if err != nil {
			t.Errorf("replace = %v", err)
		}
		placed <- ok
	}()
	time.Sleep(10 * time.Millisecond) // until it waits for the lock; it may also begin later
	first := artifactOf(time.Now(), "first")
	_ = os.Remove(file) // the store itself may have done it, for its age
	must.Do(t, os.WriteFile(file, []byte(first), fileMode))
	unlock()
	if <-placed {
		t.Error("the second upload has replaced the first")
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != first {
		t.Errorf("the artifact is %q, %v; want %q", got, err, first)
	}
	must.Do(t, second.remove())
}
