package transfer_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// TestRepeatsAreSentInstead checks that an unreadable input does not make others
// with the same bytes fail: one of them is sent instead.
func TestRepeatsAreSentInstead(t *testing.T) {
	t.Parallel()
	for _, asks := range []bool{false, true} {
		t.Run(fmt.Sprintf("asking %v", asks), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sent []string
			uploader := hungry(t, asks, uploads(func(r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, filepath.Base(r.URL.Path))
			}))
			dir := t.TempDir()
			input := func(name string, id artifact.ID) transfer.Input {
				return transfer.Input{Path: filepath.Join(dir, name), ID: id, Algorithm: transfer.SHA256}
			}
			for _, name := range []string{"changes", "same", "same too", "under k", "under k too"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("content"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var once sync.Once
			uploader.Describe = func(context.Context) artifact.Metadata { // called before the first upload
				once.Do(func() {
					if err := os.WriteFile(filepath.Join(dir, "changes"), []byte("longer content"), 0o600); err != nil {
						t.Error(err)
					}
				})
				return artifact.Metadata{}
			}
			inputs := all(input("changes", ""), input("same", ""), input("same too", ""),
				input("missing", "k"), input("under k", "k"), input("under k too", "k"))
			var got []string
			for result := range uploader.PutAll(t.Context(), inputs, transfer.Batch{Jobs: 1}) {
				got = append(got, fmt.Sprintf("%s: %s", filepath.Base(result.Path), result.Status))
			}
			want := []string{"changes: failed", "same: uploaded", "same too: skipped", "missing: failed", "under k: uploaded", "under k too: skipped"}
			if !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			id := "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" // of content
			slices.Sort(sent)
			if want := []string{id, "k"}; !slices.Equal(slices.Compact(sent), want) {
				t.Errorf("sent %q, want %q", sent, want)
			}
		})
	}
}
