package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// explosive panics at the first call of one function.
type explosive struct {
	on   string
	once sync.Once
}

func (e *explosive) tell(what string) {
	if e != nil && what == e.on {
		e.once.Do(func() { panic("boom") })
	}
}

func (e *explosive) Found(int)                { e.tell("found") }
func (e *explosive) Listed()                  { e.tell("listed") }
func (e *explosive) Sized(int64)              { e.tell("sized") }
func (e *explosive) Moved(int64)              { e.tell("moved") }
func (e *explosive) Finished(int64)           { e.tell("finished") }
func (e *explosive) Hashed(_, _ int64)        { e.tell("hashed") }
func (e *explosive) Sent(_, _ int64)          { e.tell("sent") }
func (e *explosive) Received(_, _ int64)      { e.tell("received") }
func (e *explosive) Read([]byte) (int, error) { e.tell("read"); return 0, io.EOF }

var _ transfer.ListTracker = (*explosive)(nil)

// bodyOf returns a body larger than one piece.
func bodyOf(i int) string { return strings.Repeat(fmt.Sprint(i), 1<<20) }

// ofThree is a list of three inputs, which may panic.
func ofThree(e *explosive) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for i := range 3 {
			input := transfer.Input{Path: fmt.Sprint("in", i), Algorithm: transfer.SHA256, Stream: strings.NewReader(bodyOf(i))}
			if i == 1 {
				e.tell("list")
				input.Stream = io.MultiReader(e, input.Stream)
			}
			if !yield(input, nil) {
				return
			}
		}
	}
}

// shown returns the errors of results in short form, ending with a panic of the
// whole run.
func shown[R any](results iter.Seq[R], errorOf func(R) error) (all []string) {
	err := fault.Catch(func() error {
		for result := range results {
			text := "ok"
			if err := errorOf(result); errors.As(err, new(*fault.Error)) {
				text = "fault"
			} else if err != nil {
				text = err.Error()
			}
			all = append(all, text)
		}
		return nil
	})
	if err != nil {
		all = append(all, "ended: "+err.Error())
	}
	return all
}

// TestFaultsInLists panics in each kind of goroutine. A panic over one entry does
// not stop the others; a panic of the list reaches the caller.
func TestFaultsInLists(t *testing.T) {
	t.Parallel()
	const ended = "ended: a bug in this program: boom"
	putError := func(r transfer.Result) error { return r.Err }
	for _, jobs := range []int{1, 4} {
		for _, asks := range []bool{false, true} {
			for on, want := range map[string]int{"": 0, "read": 1, "sized": 1, "moved": 1, "finished": 1, "list": -1, "found": -1, "listed": -1} {
				e := &explosive{on: on}
				u := transfer.Uploader{Client: keeping(t), SkipExisting: asks}
				got := shown(u.PutAll(t.Context(), ofThree(e), transfer.Batch{Jobs: jobs, Progress: e}), putError)
				if want < 0 && (len(got) == 0 || got[len(got)-1] != ended) || want >= 0 && !slices.Equal(sorted(got), slices.Concat(slices.Repeat([]string{"fault"}, want), slices.Repeat([]string{"ok"}, 3-want))) {
					t.Errorf("PutAll, %d jobs, asks %v, %s: %q", jobs, asks, on, got)
				}
			}
		}
		for on, want := range map[string]int{"read": 1, "moved": 1, "list": -1, "found": -1, "listed": -1, "finished": -1} {
			e := &explosive{on: on}
			s := &shelf{bodies: map[string]string{}}
			for i := range 3 {
				s.bodies[sum(bodyOf(i))] = bodyOf(i)
			}
			v := transfer.Verifier{Client: s.client(t), Jobs: jobs, ListProgress: e}
			got := shown(v.All(t.Context(), ofThree(e)), func(r transfer.Verification) error { return r.Err })
			if want < 0 && (len(got) == 0 || got[len(got)-1] != ended) || want >= 0 && !slices.Equal(sorted(got), []string{"fault", "ok", "ok"}) {
				t.Errorf("All, %d jobs, %s: %q", jobs, on, got)
			}
			if on != "read" && on != "list" {
				continue
			}
			e = &explosive{on: on}
			v = transfer.Verifier{Client: s.client(t), Jobs: jobs}
			got = shown(v.LookUp(t.Context(), ofThree(e)), func(r transfer.LookedUp) error { return r.Err })
			if want < 0 && (len(got) == 0 || got[len(got)-1] != ended) || want >= 0 && !slices.Equal(sorted(got), []string{"fault", "ok", "ok"}) {
				t.Errorf("LookUp, %d jobs, %s: %q", jobs, on, got)
			}
		}
	}
}

// TestFaultOfGet leaves no file behind.
func TestFaultOfGet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := transfer.Downloader{Client: filed(false).client(t), Progress: &explosive{on: "received"}}
	if _, err := getFile(t, &d, "plain", filepath.Join(dir, "out")); !errors.As(err, new(*fault.Error)) || names(t, dir) != "" {
		t.Errorf("%v, and %q is there", err, names(t, dir))
	}
}

// memory is a cache in memory.
type memory struct{ kept sync.Map }

func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodPut {
		m.kept.Store(r.URL.Path, body)
		w.WriteHeader(http.StatusAccepted)
	} else if body, ok := m.kept.Load(r.URL.Path); ok && r.Method != http.MethodPost {
		_, _ = w.Write(body.([]byte))
	} else {
		w.WriteHeader(http.StatusNotFound)
	}
}

// keeping returns a client of a cache in memory.
func keeping(t *testing.T) *client.Client {
	t.Helper()
	server := httptest.NewServer(new(memory))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{API: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

// TestFaultsOfOne panics in each callback of a single upload.
func TestFaultsOfOne(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"read", "hashed", "sent", "received"} {
		for _, size := range []int{10, 1 << 20} {
			e := &explosive{on: on}
			u := transfer.Uploader{Client: keeping(t), Progress: e, Verify: true}
			input := transfer.Input{Path: "in", Algorithm: transfer.SHA256, Stream: io.MultiReader(strings.NewReader(strings.Repeat("x", size)), e)}
			err := fault.Catch(func() error { return u.Put(context.Background(), input).Err })
			if broken := (*fault.Error)(nil); !errors.As(err, &broken) || broken.Value != "boom" || !strings.Contains(string(broken.Stack), "fault_test.go") {
				t.Errorf("%s, %d bytes: %v", on, size, err)
			}
		}
	}
}
