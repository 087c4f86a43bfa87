package transfer_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// large is larger than an input that is read without a turn.
const large = 64<<10 + 1

// moment is how long a test waits for what must not happen.
const moment = 100 * time.Millisecond

// hungry returns an uploader to an empty cache without a query, which answers
// each request, once read, after answer. Its client has no limit.
func hungry(t *testing.T, asks bool, answer func(*http.Request)) *transfer.Uploader {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		answer(r)
		if r.Method != http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{API: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &transfer.Uploader{Client: c, SkipExisting: asks}
}

// uploads counts only uploads.
func uploads(answer func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		if r.Method == http.MethodPut {
			answer(r)
		}
	}
}

// write creates files, which are large if their name says so.
func write(t *testing.T, dir string, names ...string) (inputs []transfer.Input) {
	t.Helper()
	for i, name := range names {
		size := 1
		if strings.HasPrefix(name, "large") {
			size = large
		}
		content := append([]byte(fmt.Sprint(i, name)), make([]byte, size)...)
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, transfer.Input{Path: filepath.Join(dir, name), Algorithm: transfer.SHA256})
	}
	return inputs
}

// all returns a list of inputs.
func all(inputs ...transfer.Input) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for _, input := range inputs {
			if !yield(input, nil) {
				return
			}
		}
	}
}

// reading is a stream that calls a function when it is read.
type reading func()

func (r reading) Read([]byte) (int, error) { r(); return 0, io.EOF }

// within waits for what must happen.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Errorf("waited in vain: %s", what)
	}
}

// TestOneJobReadsAhead checks that the next input is read while one is sent.
func TestOneJobReadsAhead(t *testing.T) {
	t.Parallel()
	for _, asks := range []bool{false, true} {
		var once, sentOnce sync.Once
		sent, read := make(chan struct{}), make(chan struct{})
		uploader := hungry(t, asks, uploads(func(*http.Request) {
			sentOnce.Do(func() { close(sent); within(t, "the next one to be read", read) })
		}))
		first := write(t, t.TempDir(), "first")[0]
		inputs := func(yield func(transfer.Input, error) bool) {
			if yield(first, nil) {
				within(t, "the first one to be sent", sent)
				yield(transfer.Input{Path: "next", Stream: reading(func() { once.Do(func() { close(read) }) }), Algorithm: transfer.SHA256}, nil)
			}
		}
		n := 0
		for result := range uploader.PutAll(t.Context(), inputs, transfer.Batch{Jobs: 1}) {
			if n++; result.Status != transfer.Uploaded {
				t.Errorf("%+v", result)
			}
		}
		if n != 2 {
			t.Errorf("%d results", n)
		}
	}
}

// peak counts concurrent calls, and waits for more than limit.
type peak struct {
	limit    int64
	now, top atomic.Int64
	full     chan struct{} // closed once the limit was reached, but not exceeded for a moment
	once     sync.Once
}

func newPeak(limit int) *peak { return &peak{limit: int64(limit), full: make(chan struct{})} }

func (p *peak) pass() {
	n := p.now.Add(1)
	defer p.now.Add(-1)
	for top := p.top.Load(); n > top && !p.top.CompareAndSwap(top, n); top = p.top.Load() {
	}
	if n >= p.limit {
		p.once.Do(func() { time.Sleep(moment); close(p.full) })
	}
	select {
	case <-p.full:
	case <-time.After(10 * time.Second):
	}
}

func (p *peak) check(t *testing.T, what string) {
	t.Helper()
	if top := p.top.Load(); top != p.limit {
		t.Errorf("%d %s at once, want %d", top, what, p.limit)
	}
}

// TestJobsBoundWhatIsSent checks the limit of jobs for small and large files and
// streams.
func TestJobsBoundWhatIsSent(t *testing.T) {
	t.Parallel()
	for _, jobs := range []int{1, 3} {
		for _, asks := range []bool{false, true} {
			sending := newPeak(jobs)
			uploader := hungry(t, asks, uploads(func(*http.Request) { sending.pass() }))
			var names []string
			for i := range 12 {
				names = append(names, fmt.Sprint("small", i), fmt.Sprint("large", i))
			}
			inputs := write(t, t.TempDir(), names...)
			for i := range 6 {
				inputs = append(inputs, transfer.Input{Path: "stream", Stream: strings.NewReader(fmt.Sprint(i)), Algorithm: transfer.SHA256})
			}
			n := 0
			for result := range uploader.PutAll(t.Context(), all(inputs...), transfer.Batch{Jobs: jobs}) {
				if n++; result.Status != transfer.Uploaded {
					t.Errorf("%+v", result)
				}
			}
			if n != len(inputs) {
				t.Errorf("%d results", n)
			}
			sending.check(t, fmt.Sprintf("were sent by %d jobs, asking: %v,", jobs, asks))
		}
	}
}

// TestLargeInputsTakeTurns checks that large files and streams are read in turns,
// but not small files.
func TestLargeInputsTakeTurns(t *testing.T) {
	t.Parallel()
	for _, asks := range []bool{false, true} {
		reads := newPeak(2 * runtime.GOMAXPROCS(0))
		small := make(chan struct{})
		var before atomic.Bool // the large file was sent while streams had all turns
		uploader := hungry(t, asks, uploads(func(r *http.Request) {
			switch {
			case r.ContentLength == 0: // a stream
			case r.ContentLength < large:
				close(small)
			default:
				select {
				case <-reads.full:
				default:
					before.Store(true)
				}
			}
		}))
		files := write(t, t.TempDir(), "small", "large")
		var begun atomic.Int64
		taken := make(chan struct{}) // all turns
		read := func() {
			if begun.Add(1) == reads.limit {
				close(taken)
			}
			within(t, "the small file to be sent", small)
			reads.pass()
		}
		inputs := func(yield func(transfer.Input, error) bool) {
			for i := range 2 * reads.limit {
				if !yield(transfer.Input{Path: fmt.Sprint(i), Stream: reading(read), ID: "0", Algorithm: transfer.SHA256}, nil) {
					return
				}
			}
			within(t, "all turns to be taken", taken)
			_ = yield(files[0], nil) && yield(files[1], nil)
		}
		for result := range uploader.PutAll(t.Context(), inputs, transfer.Batch{Jobs: int(2*reads.limit) + len(files)}) {
			if result.Err != nil {
				t.Error(result.Err)
			}
		}
		reads.check(t, "were read")
		if before.Load() {
			t.Error("a large file did not wait for its turn")
		}
	}
}
