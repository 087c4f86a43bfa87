package transfer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// names returns the names of the files in a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}

func getFile(t *testing.T, d *transfer.Downloader, id artifact.ID, path string) (transfer.Downloaded, error) {
	t.Helper()
	target, err := transfer.OpenTarget(path)
	if err != nil {
		t.Fatal(err)
	}
	done, err := d.Get(t.Context(), id, transfer.AlgorithmsOf(id), target)
	return done, errors.Join(err, target.Close())
}

// A file appears complete and checked, or the earlier one stays.
func TestGetToAFile(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		id        string
		key       bool
		err       error
		signature transfer.Signature
	}{
		{"plain", false, nil, ""},
		{"plain", true, transfer.ErrUnsigned, ""},
		{"v1", true, nil, "v1"},
		{"v2", true, nil, "v2"},
		{"forged", true, transfer.ErrBadSignature, ""},
		{"hollow", true, transfer.ErrEmptySignature, ""},
		{sum(body), false, nil, ""},
		{sum("other"), false, transfer.ErrWrongDigest, ""},
		{"missing", false, client.ErrNotFound, ""},
		{"empty", true, nil, "v2"},
	} {
		for _, chunked := range []bool{false, true} {
			s := filed(chunked)
			d := transfer.Downloader{Client: s.client(t)}
			if test.key {
				d.Signer = signer
			}
			dir := t.TempDir()
			for _, before := range []string{"", "old"} {
				path := filepath.Join(dir, "out"+before)
				if before != "" {
					if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				done, err := getFile(t, &d, artifact.ID(test.id), path)
				after, _ := os.ReadFile(path)
				want := before
				if test.err == nil {
					want = s.bodies[test.id]
				}
				if !errors.Is(err, test.err) || string(after) != want || err == nil && done.Signature != test.signature {
					t.Errorf("%s, chunked %v: %v, %+v, and the file has %d bytes", test.id, chunked, err, done, len(after))
				}
			}
			want := "out outold"
			if test.err != nil {
				want = "outold"
			}
			if got := names(t, dir); got != want {
				t.Errorf("%s: there are %s, want %s", test.id, got, want)
			}
			// A regular file is read again from the disk.
			if gets := s.gets.Load(); gets > 0 {
				t.Errorf("%s: %d", test.id, gets)
			}
		}
	}
}

func TestGetFollowsLinks(t *testing.T) {
	t.Parallel()
	d := transfer.Downloader{Client: filed(false).client(t)}
	dir := t.TempDir()
	for name, to := range map[string]string{"link": "sub/file", "chain": "link", "dangling": "sub/new", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err) // Windows requires a privilege
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub/file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"chain": "sub/file", "dangling": "sub/new"} {
		_, err := getFile(t, &d, "plain", filepath.Join(dir, name))
		got, readErr := os.ReadFile(filepath.Join(dir, file))
		if err != nil || readErr != nil || string(got) != body {
			t.Errorf("%s: %v, %v, %d bytes", name, err, readErr, len(got))
		}
	}
	if got := names(t, dir) + ", " + names(t, filepath.Join(dir, "sub")); got != "chain dangling link loop sub, file new" {
		t.Error(got)
	}
	for _, path := range []string{filepath.Join(dir, "loop"), dir, filepath.Join(dir, "no/such")} {
		if _, err := transfer.OpenTarget(path); !errors.As(err, new(*transfer.OutputError)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// breaking serves an artifact over connections that break after some bytes.
func breaking(t *testing.T, bodies []string, after []int) *client.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var n atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 64<<10))
			i := min(int(n.Add(1))-1, len(after)-1)
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(bodies[i]), bodies[i][:after[i]])
			_ = conn.Close()
		}
	}()
	c, err := client.New(client.Options{API: "http://" + listener.Addr().String(), Retries: 3})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A retry continues the output to a pipe, if it begins with the same bytes.
func TestGetToAStreamGoesOn(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	other := "X" + body[1:]
	for name, test := range map[string]struct {
		bodies []string
		after  []int
		err    error
	}{
		"twice broken":      {[]string{body, body, body}, []int{300_000, 700_000, size}, nil},
		"broken earlier":    {[]string{body, body, body}, []int{700_000, 10, size}, nil},
		"broken at the end": {[]string{body, body}, []int{size - 1, size}, nil},
		"another one":       {[]string{body, other}, []int{300_000, size}, transfer.ErrUnsteady},
		"a shorter one":     {[]string{body, body[:1000]}, []int{300_000, 1000}, transfer.ErrUnsteady},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			d := transfer.Downloader{Client: breaking(t, test.bodies, test.after)}
			id := artifact.ID(sum(body))
			_, err := d.Get(t.Context(), id, transfer.AlgorithmsOf(id), transfer.StreamTarget(&out, "out"))
			if !errors.Is(err, test.err) {
				t.Error(err)
			}
			if test.err == nil && out.String() != body || !strings.HasPrefix(body, out.String()) {
				t.Errorf("%d bytes came out", out.Len())
			}
		})
	}
}

// A file is written from the start in each attempt.
func TestGetToAFileBeginsAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	d := transfer.Downloader{Client: breaking(t, []string{strings.Repeat("x", 1<<20), "short"}, []int{700_000, 5})}
	_, err := getFile(t, &d, "a", path)
	if got, _ := os.ReadFile(path); err != nil || string(got) != "short" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestGetTellsWhoFailed(t *testing.T) {
	t.Parallel()
	d := transfer.Downloader{Client: filed(false).client(t)}
	pipe, writer := io.Pipe()
	_ = pipe.CloseWithError(errors.New("full"))
	_, err := d.Get(t.Context(), "plain", nil, transfer.StreamTarget(writer, "the pipe"))
	if output := (*transfer.OutputError)(nil); !errors.As(err, &output) || err.Error() != "writing the pipe: full" {
		t.Error(err)
	}
	_, err = d.Get(t.Context(), artifact.ID(sum("other")), []transfer.Algorithm{transfer.SHA256}, transfer.StreamTarget(io.Discard, "x"))
	want := "verifying " + sum("other") + ": the cache holds different bytes: their digest differs: sha256 is " + sum(body)
	if mismatch := (*transfer.Mismatch)(nil); !errors.As(err, &mismatch) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
