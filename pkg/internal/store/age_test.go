package store_test

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// plant writes an artifact with this body, which was stored at some time; the zero
// time leaves that out, as older versions did.
func plant(t *testing.T, dir, id string, stored, used time.Time, body string) {
	t.Helper()
	line := ""
	if !stored.IsZero() {
		line = fmt.Sprintf(`,"stored":"%s"`, stored.UTC().Format(time.RFC3339Nano))
	}
	file := filepath.Join(dir, "local", id)
	write(t, file, fmt.Sprintf(`{"artifact":1,"team":"local","id":"%s","size":%d%s}`+"\n%s", id, len(body), line, body))
	must.Do(t, os.Chtimes(file, used, used))
}

// TestAge checks when an artifact is too old, with a clock that stands still.
func TestAge(t *testing.T) {
	t.Parallel()
	const age = 14 * 24 * time.Hour
	dir, readOnlyDir := t.TempDir(), t.TempDir()
	put(t, open(t, readOnlyDir, store.Options{}), "x", "")
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		want := map[string]string{}
		for _, test := range []struct {
			id           string
			stored, used time.Time
			want         string
		}{
			{"new", now, now, "body"},
			{"just-in-time", now.Add(time.Millisecond - age), now, "body"},
			{"boundary", now.Add(-age), now, "not found"},
			{"old", now.Add(-age - time.Hour), now, "not found"},
			{"ancient", time.Unix(0, 0), now, "not found"},
			{"restored", now, now.Add(-10 * age), "body"}, // by a backup that sets another time of use
			{"without", time.Time{}, now.Add(time.Millisecond - age), "body"},
			{"without-old", time.Time{}, now.Add(-age), "not found"},
			{"ahead", now.Add(age - time.Millisecond), now, "body"},
			{"far-ahead", now.Add(age), now, "not found"},
			{"end-of-time", time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC), now, "not found"},
		} {
			for _, dir := range []string{dir, readOnlyDir} {
				plant(t, dir, test.id, test.stored, test.used, "body")
			}
			want[test.id] = test.want
		}
		readOnly := must.Get(store.Open(readOnlyDir, store.Options{ReadOnly: true, MaxAge: age}))(t)
		expectContents(t, readOnly, want)
		for id, want := range want {
			if _, err := readOnly.Stat(t.Context(), key(id)); (err == nil) != (want == "body") {
				t.Errorf("Stat(%q) = %v, and Get finds %s", id, err, want)
			}
		}
		must.Do(t, readOnly.Close())
		for id := range maps.Clone(want) {
			must.Get(os.Stat(filepath.Join(readOnlyDir, "local", id)))(t) // nothing is removed
		}
	})
}

// TestSweep lets time pass over artifacts, one of which is being read.
func TestSweep(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int64{"without a limit": 0, "with a limit": 1 << 20} {
		dir := t.TempDir()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { sweep(t, dir, limit) })
		})
	}
}

func sweep(t *testing.T, dir string, limit int64) {
	must.Do(t, must.Get(store.Open(dir, store.Options{}))(t).Close()) // which marks it
	now := time.Now()
	plant(t, dir, "old", now.Add(-time.Hour), now, "body")
	plant(t, dir, "without-old", time.Time{}, now.Add(-time.Hour), "body")
	plant(t, dir, "ahead", now.Add(time.Hour), now, "body")
	write(t, filepath.Join(dir, "local", "damaged"), "half")
	must.Do(t, os.Chtimes(filepath.Join(dir, "local", "damaged"), now, now.Add(-time.Hour)))
	write(t, filepath.Join(dir, "other.txt"), "not ours")
	var bytes int64
	for _, id := range []string{"old", "without-old", "ahead", "damaged"} {
		bytes += must.Get(os.Stat(filepath.Join(dir, "local", id)))(t).Size()
	}
	var removed store.Removal
	d := must.Get(store.Open(dir, store.Options{MaxAge: time.Minute, MaxSize: limit, Removed: func(r store.Removal) {
		if r.Reason != store.Expired {
			t.Errorf("removed %v", r)
		}
		removed.Artifacts += r.Artifacts
		removed.Bytes += r.Bytes
	}}))(t)
	put(t, d, "read", "body")
	blob := must.Get(d.Get(t.Context(), key("read")))(t)
	time.Sleep(30 * time.Second)
	put(t, d, "new", "body")
	expectTree(t, dir, "CACHEDIR.TAG", "local/new", "local/read", "other.txt")
	if removed.Artifacts != 4 || removed.Bytes != bytes {
		t.Errorf("removed %v, want 4 artifacts of %d bytes", removed, bytes)
	}
	time.Sleep(30 * time.Second)
	expectContents(t, d, map[string]string{"read": "not found", "new": "body"})
	time.Sleep(20 * time.Second)
	expectTree(t, dir, "CACHEDIR.TAG", "local/new", "local/read", "other.txt")
	if body, err := io.ReadAll(blob.Body); err != nil || string(body) != "body" {
		t.Errorf("the body is %q (%v) while its file is too old", body, err)
	}
	must.Do(t, blob.Body.Close())
	time.Sleep(20 * time.Second)
	expectTree(t, dir, "CACHEDIR.TAG", "other.txt")
	_ = d.Usage() // it may start a scan
	synctest.Wait()
	if usage := d.Usage(); !usage.IsCounted || usage.Artifacts != 0 || usage.Bytes != 0 || usage.Removed[store.Expired] != 6 {
		t.Errorf("Usage() = %v, want 6 removals and nothing left", usage)
	}
	must.Do(t, d.Close())
}
