package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// base is the time at which the files of these tests were written.
var base = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// fakeFiles is a file system that a test controls.
type fakeFiles struct {
	now    time.Time
	waited time.Duration
	state  fileState
}

func newFakeFiles(size int64) *fakeFiles {
	return &fakeFiles{
		now:   base.Add(time.Hour),
		state: fileState{size: size, modified: base, changed: base},
	}
}

func (f *fakeFiles) system() fileSystem {
	return fileSystem{
		now:  func() time.Time { return f.now },
		wait: func(_ context.Context, d time.Duration) error { f.waited += max(d, 0); return nil },
		open: os.OpenFile,
		stat: func(file *os.File) (os.FileInfo, fileState, error) {
			info, err := file.Stat()
			return info, f.state, err
		},
		lookup: func(path string) (os.FileInfo, fileState, error) {
			info, err := os.Stat(path)
			return info, f.state, err
		},
	}
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openWith(t *testing.T, path string, files *fakeFiles) *Source {
	t.Helper()
	source, err := openFile(t.Context(), path, files.system())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	return source
}

func TestOpenFileWaitsForTheTick(t *testing.T) {
	t.Parallel()
	whole := base.Truncate(time.Second)
	for name, test := range map[string]struct {
		modified, changed, now time.Time
		want                   time.Duration
	}{
		"old":                   {base, base, base.Add(time.Minute), 0},
		"just old enough":       {base, base, base.Add(20 * time.Millisecond), 0},
		"fresh":                 {base, base, base.Add(5 * time.Millisecond), 15 * time.Millisecond},
		"old, but just renamed": {base.Add(-time.Hour), base, base, 20 * time.Millisecond},
		"from the future":       {base, base.Add(time.Hour), base, 20 * time.Millisecond},
		"whole seconds, fresh":  {whole, whole, whole.Add(500 * time.Millisecond), 1500 * time.Millisecond},
		"whole seconds, old":    {whole, whole, whole.Add(2 * time.Second), 0},
		"touched to a second":   {whole, base, base.Add(time.Second), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newFakeFiles(7)
			files.state.modified, files.state.changed, files.now = test.modified, test.changed, test.now
			openWith(t, writeFile(t, "content"), files)
			if files.waited != test.want {
				t.Errorf("waited %v, want %v", files.waited, test.want)
			}
		})
	}
}

func TestOpenFileRefusesWhatIsNotRegular(t *testing.T) {
	t.Parallel()
	if _, err := OpenFile(t.Context(), t.TempDir()); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a directory: %v, want ErrNotRegular", err)
	}
	if _, err := os.Stat("/proc/self/status"); err == nil {
		if _, err := OpenFile(t.Context(), "/proc/self/status"); !errors.Is(err, ErrNotRegular) {
			t.Errorf("a file without a size of its own: %v, want ErrNotRegular", err)
		}
	}
	if _, err := OpenFile(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v, want ErrNotExist", err)
	}
}

func TestSourceReadsTheOpenedFileOnly(t *testing.T) {
	t.Parallel()
	path := writeFile(t, "content")
	source := openWith(t, path, newFakeFiles(7))
	if err := os.Rename(writeFile(t, "another"), path); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := io.ReadAll(source.Open()); string(got) != "content" || err != nil {
			t.Errorf("read %q, %v; want the opened file's content each time", got, err)
		}
	}
}

func TestSourceEndsAtItsSize(t *testing.T) {
	t.Parallel()
	grown := openWith(t, writeFile(t, "content and more"), newFakeFiles(7))
	if got, err := io.ReadAll(grown.Open()); string(got) != "content" || err != nil {
		t.Errorf("a grown file: %q, %v; want its first bytes", got, err)
	}
	shrunk := openWith(t, writeFile(t, "cont"), newFakeFiles(7))
	if _, err := io.ReadAll(shrunk.Open()); !errors.Is(err, ErrChanged) {
		t.Errorf("a shrunk file: %v, want ErrChanged", err)
	}
	if _, err := shrunk.Hash(t.Context(), sha256.New, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("hashing a shrunk file: %v, want ErrChanged", err)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 256<<10 - 1, (256 << 10), (256 << 10) + 1, 9*(256<<10) + 5} {
		content := pattern(size)
		last := int64(-1)
		h, err := FromBytes(content).Hash(t.Context(), sha256.New, func(n int64) { last = n })
		if err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256(content); !bytes.Equal(h.Sum(nil), want[:]) {
			t.Errorf("%d bytes: wrong hash", size)
		}
		if size > 0 && last != int64(size) {
			t.Errorf("%d bytes: progress ended at %d", size, last)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FromBytes(pattern(10)).Hash(ended, sha256.New, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after a cancel: %v", err)
	}
}

// pattern returns content that reveals a lost, repeated or moved block.
func pattern(size int) []byte {
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return content
}

func TestSpool(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, spoolMemory, spoolMemory + 1, 3*spoolMemory + 7} {
		content, dir := pattern(size), t.TempDir()
		h := sha256.New()
		var last atomic.Int64
		source, err := Spool(t.Context(), &dribble{content: content}, SpoolOptions{Dir: dir, Hash: h, Progress: last.Store})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := io.ReadAll(source.Open()); !bytes.Equal(got, content) || err != nil {
				t.Errorf("%d bytes: read %d other ones, %v", size, len(got), err)
			}
		}
		if want := sha256.Sum256(content); !bytes.Equal(h.Sum(nil), want[:]) {
			t.Errorf("%d bytes: wrong hash", size)
		}
		if source.Size() != int64(size) || last.Load() != int64(size) {
			t.Errorf("%d bytes: size %d, progress to %d", size, source.Size(), last.Load())
		}
		if names, err := os.ReadDir(dir); len(names) != 0 || err != nil {
			t.Errorf("%d bytes: the temporary file has a name: %v, %v", size, names, err)
		}
		if err := errors.Join(source.Unchanged(t.Context()), source.Close()); err != nil {
			t.Error(err)
		}
	}
}

// dribble returns its content in pieces of varying size, like a pipe.
type dribble struct {
	content []byte
	step    int
	end     error // default: io.EOF
}

func (d *dribble) Read(p []byte) (int, error) {
	if len(d.content) == 0 {
		if d.end != nil {
			return 0, d.end
		}
		return 0, io.EOF
	}
	d.step = (d.step + 7919) % 100_000
	n := copy(p[:min(len(p), d.step+1)], d.content)
	d.content = d.content[n:]
	return n, nil
}

func TestSpoolPassesErrorsOn(t *testing.T) {
	t.Parallel()
	// A reader's own "unexpected EOF" must not pass for the stream's end.
	for _, end := range []error{io.ErrUnexpectedEOF, errors.New("broken")} {
		source, err := Spool(t.Context(), &dribble{content: pattern(5000), end: end}, SpoolOptions{Dir: t.TempDir()})
		if source != nil || !errors.Is(err, end) {
			t.Errorf("Spool = %v, %v; want %v", source, err, end)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	_, err := Spool(t.Context(), bytes.NewReader(pattern(2*spoolMemory)), SpoolOptions{Dir: missing})
	if full := (*SpoolError)(nil); !errors.As(err, &full) || full.Dir != missing {
		t.Errorf("no directory to spool to: %v", err)
	}
}

func TestSpoolReturnsWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	silent, writer := io.Pipe()
	defer writer.Close()
	go cancel()
	if _, err := Spool(ctx, silent, SpoolOptions{Dir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("Spool = %v, want the context's error", err)
	}
}
