package transfer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

func rootOf(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// TestJobsBoundWhatIsFetched, and the results come in the order of the list.
func TestJobsBoundWhatIsFetched(t *testing.T) {
	t.Parallel()
	for _, jobs := range []int{1, 3} {
		fetching := newPeak(jobs)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fetching.pass()
			fmt.Fprint(w, r.URL.Path)
		}))
		t.Cleanup(server.Close)
		c, err := client.New(client.Options{API: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		var inputs []transfer.Input
		var want, got []string
		for i := range 12 {
			inputs = append(inputs, transfer.Input{ID: artifact.ID(fmt.Sprint("id", i))})
			want = append(want, fmt.Sprint("id", i, " <nil>"))
		}
		dir := t.TempDir()
		d := transfer.Downloader{Client: c}
		for r := range d.GetAll(t.Context(), all(inputs...), rootOf(t, dir), transfer.Batch{Jobs: jobs}) {
			got = append(got, fmt.Sprint(r.Path, " ", r.Err))
		}
		if !slices.Equal(got, want) || len(strings.Fields(names(t, dir))) != len(want) {
			t.Errorf("%q, want %q; %s", got, want, names(t, dir))
		}
		fetching.check(t, fmt.Sprintf("were fetched by %d jobs", jobs))
	}
}

// TestFaultsOfGetAll leave no temporary file, wherever a panic is.
func TestFaultsOfGetAll(t *testing.T) {
	t.Parallel()
	const ended = "ended: a bug in this program: boom"
	s := &shelf{bodies: map[string]string{}}
	for i := range 3 {
		s.bodies[fmt.Sprint("in", i)] = bodyOf(i)
	}
	for _, jobs := range []int{1, 4} {
		for on, want := range map[string]string{"": "ok ok ok", "moved": "fault ok ok", "list": ended, "found": ended, "listed": ended, "finished": ended} {
			e, dir := &explosive{on: on}, t.TempDir()
			inputs := func(yield func(transfer.Input, error) bool) {
				for i := range 3 {
					if i == 1 {
						e.tell("list")
					}
					if !yield(transfer.Input{ID: artifact.ID(fmt.Sprint("in", i))}, nil) {
						return
					}
				}
			}
			d := transfer.Downloader{Client: s.client(t)}
			got := shown(d.GetAll(t.Context(), inputs, rootOf(t, dir), transfer.Batch{Jobs: jobs, Progress: e}), func(r transfer.Fetched) error { return r.Err })
			if strings.Join(sorted(got), " ") != want && (want != ended || len(got) == 0 || got[len(got)-1] != ended) {
				t.Errorf("%d jobs, %s: %q", jobs, on, got)
			}
			if there := names(t, dir); strings.Contains(there, ".artifact-") {
				t.Errorf("%d jobs, %s: %s", jobs, on, there)
			}
		}
	}
}
