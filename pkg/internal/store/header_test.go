package store

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

func TestHeaderLine(t *testing.T) {
	t.Parallel()
	interactive, duration := true, 1500*time.Millisecond
	h := newHeader(Key{Team: "local", ID: "a<b"}, 42, artifact.Metadata{
		CI: "GITLAB", Interactive: &interactive, SHA: "s", DirtyHash: "d", Duration: &duration, Tag: "dGFn",
	})
	h.Stored = time.Date(2026, time.November, 29, 2, 4, 5, 678_000_000, time.UTC)
	line, err := h.encode()
	const want = `{"artifact":1,"team":"local","id":"a<b","size":42,"stored":"2026-11-29T02:04:05.678Z",` +
		`"ci":"GITLAB","interactive":true,` +
		`"sha":"s","dirtyHash":"d","durationNs":1500000000,"tag":"dGFn"}` + "\n"
	if err != nil || string(line) != want {
		t.Errorf("encode() = %s, %v, want %s", line, err, want)
	}
	got, n, err := decodeHeader(append(line, "body"...))
	if err != nil || n != len(line) || !reflect.DeepEqual(got, h) {
		t.Errorf("decodeHeader = %v, %d, %v, want %v, %d", got, n, err, h, len(line))
	}
}

// TestLargestHeader checks that everything that the API allows fits.
func TestLargestHeader(t *testing.T) {
	t.Parallel()
	interactive, duration := false, time.Duration(1<<63-1)
	h := newHeader(
		Key{Team: strings.Repeat("\u2028", MaxTeamLength/3), ID: artifact.ID(strings.Repeat(`\`, artifact.MaxIDLength))}, 1<<63-1,
		artifact.Metadata{
			CI: strings.Repeat(`"`, 50), Interactive: &interactive, SHA: strings.Repeat(`"`, 200), DirtyHash: strings.Repeat(`"`, 200),
			Duration: &duration, Tag: strings.Repeat(`"`, 600),
		})
	h.Stored = time.Date(9999, time.December, 31, 23, 59, 59, 999_000_000, time.UTC)
	line, err := h.encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := decodeHeader(line); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("decodeHeader = %v, %v, want %v", got, err, h)
	}
}

// hostileHeaders are lines that encode never returns.
var hostileHeaders = []string{
	"", "\n", "{}\n", "null\n", "[]\n", `{"artifact":1}` + "\n",
	`{"artifact":1,"id":"a","size":1}`,           // no end
	`{"artifact":2,"id":"a","size":1}` + "\n",    // a later format
	`{"artifact":1,"id":"a","size":-1}` + "\n",   // no length
	`{"artifact":1,"id":"a","size":1e0}` + "\n",  // another spelling
	`{"artifact":1,"id":"../a","size":1}` + "\n", // no id
	`{"artifact":1,"id":"","size":1}` + "\n",
	`{"artifact":1,"team":"","id":"a","size":1}` + "\n",
	`{"artifact":1,"id":"a","size":1,"id":"a"}` + "\n",
	`{"artifact":1,"ID":"a","size":1}` + "\n",
	`{"artifact":1,"id":"a","size":1,"more":0}` + "\n",
	`{"artifact":1,"id":"a","size":1} {}` + "\n",
	` {"artifact":1,"id":"a","size":1}` + "\n",
	`{"artifact":1,"id":"\u0061","size":1}` + "\n",
	`{"artifact":1,"id":"a","size":1,"sha":"a\r\nb"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"tag":"` + "\xff" + `"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"durationNs":-1}` + "\n",
	`{"artifact":1,"id":"a","size":99999999999999999999}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":""}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":"2026-11-29"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":1795917845}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":"0001-01-01T00:00:00Z"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":"2026-11-29T02:04:05.000Z"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":"2026-11-29T02:04:05+00:00"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"stored":"12026-11-29T02:04:05Z"}` + "\n",
	`{"artifact":1,"id":"a","size":1,"tag":"` + strings.Repeat("x", maxHeader) + `"}` + "\n",
	`{"artifact":1,"id":"a","size":1}` + "\t\n",
	strings.Repeat("[", maxHeader-1) + "\n",
}

func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	for _, line := range hostileHeaders {
		h, _, err := decodeHeader([]byte(line))
		if !errors.Is(err, ErrCorrupt) || errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "\n") {
			t.Errorf("decodeHeader(%.80q) = %v, %v, want only ErrCorrupt, in one line", line, h, err)
		}
	}
}

// FuzzHeader checks that decodeHeader accepts only what encode returns.
func FuzzHeader(f *testing.F) {
	for _, line := range hostileHeaders {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"artifact":1,"id":"a","size":0}` + "\n"))
	f.Add([]byte(`{"artifact":1,"id":"a","size":0}` + "   \n"))
	f.Add([]byte(`{"artifact":1,"id":"a","size":0,"stored":"2026-11-29T02:04:05.678Z"}` + "\n"))
	f.Add([]byte(`{"artifact":1,"id":"a","size":0,"stored":"2026-11-29T02:04:05+01:00"}` + "\n"))
	f.Add([]byte(`{"artifact":1,"team":"local","id":"a<b","size":42,"ci":"GITLAB","interactive":true,"sha":"s","dirtyHash":"d","durationNs":1,"tag":"t"}` + "\nbody"))
	f.Fuzz(func(t *testing.T, start []byte) {
		h, n, err := decodeHeader(start)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("decodeHeader(%q) = %v, want ErrCorrupt", start, err)
			}
			return
		}
		line, err := h.encode()
		if err != nil || n > maxHeader || !bytes.Equal(bytes.TrimSpace(line), bytes.TrimRight(start[:n], " \n")) {
			t.Errorf("%q was accepted, and encodes to %q (%v)", start[:n], line, err)
		}
		if err := h.check(); err != nil {
			t.Errorf("%q was accepted: %v", start[:n], err)
		}
	})
}
