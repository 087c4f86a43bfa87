package transfer_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/archive"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// packed returns an archive of files with random content, and their names.
func packed(t *testing.T, files int) (content string, names []string) {
	t.Helper()
	dir := t.TempDir()
	names = []string{"d"}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range files {
		name := "d/" + strings.Repeat("x", i+1)
		names = append(names, name)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(sum(name)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := (archive.Packer{Dir: dir}).Pack(t.Context(), &out, "d"); err != nil {
		t.Fatal(err)
	}
	return out.String(), names
}

// An archive that breaks off is unpacked anew, and its entries are listed once.
func TestGetUnpacksAgain(t *testing.T) {
	t.Parallel()
	whole, want := packed(t, 100)
	// The first frame is whole, so all of its entries are read before the end is missed.
	bodies, after := []string{whole + whole, whole + whole, whole}, []int{len(whole) + 9, 10, len(whole)}
	dir := t.TempDir()
	d := transfer.Downloader{Client: breaking(t, bodies, after)}
	target := transfer.UnpackTarget(archive.Unpacker{Dir: dir})
	_, err := d.Get(t.Context(), artifact.ID(sum(whole)), transfer.AlgorithmsOf(artifact.ID(sum(whole))), target)
	if err = errors.Join(err, target.Close()); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "d" {
		t.Errorf("it left %q", got)
	}
	if got := strings.Fields(names(t, filepath.Join(dir, "d"))); len(got) != 100 {
		t.Errorf("%d files", len(got))
	}

	var listed []string
	target = transfer.ListTarget("", archive.Limits{}, func(entry archive.Entry) error {
		listed = append(listed, entry.Name)
		return nil
	})
	d.Client = breaking(t, bodies, after)
	_, err = d.Get(t.Context(), "k", nil, target)
	if err = errors.Join(err, target.Close()); err != nil || strings.Join(listed, " ") != strings.Join(want, " ") {
		t.Errorf("%q, %v", listed, err)
	}
	stop := errors.New("stop")
	d.Client = breaking(t, bodies[2:], after[2:])
	_, err = d.Get(t.Context(), "k", nil, transfer.ListTarget("", archive.Limits{}, func(archive.Entry) error { return stop }))
	if !errors.Is(err, stop) {
		t.Errorf("visit's error became %v", err)
	}
}

// A panic while an archive is unpacked comes back as an error, and leaves nothing.
func TestFaultOfUnpacking(t *testing.T) {
	t.Parallel()
	whole, _ := packed(t, 3)
	dir := t.TempDir()
	d := transfer.Downloader{Client: breaking(t, []string{whole}, []int{len(whole)})}
	target := transfer.UnpackTarget(archive.Unpacker{Dir: dir, Unpacked: func(int, int64) { panic("oops") }})
	_, err := d.Get(t.Context(), "k", nil, target)
	if err = errors.Join(err, target.Close()); err == nil || !strings.HasSuffix(err.Error(), "unpacking k: a bug in this program: oops") {
		t.Error(err)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("it left %q", got)
	}
}

// What cannot be packed fails by the path that was named, and sends nothing.
func TestPutPacking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, packer := range map[string]archive.Packer{
		"packing missing: no such file or directory":   {Dir: dir},
		"packing missing: a bug in this program: oops": {Dir: filepath.Dir(dir), Packed: func(int, int64) { panic("oops") }},
	} {
		paths := []string{"missing"}
		if packer.Packed != nil {
			if err := os.WriteFile(filepath.Join(packer.Dir, "missing"), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		u := transfer.Uploader{Client: keeping(t)}
		input := transfer.Input{Path: "missing.tar.zst", Algorithm: transfer.SHA256, Pack: &transfer.Packing{Packer: packer, Paths: paths}}
		if r := u.Put(t.Context(), input); r.Err == nil || !strings.HasSuffix(r.Err.Error(), name) || r.Status != transfer.Failed {
			t.Errorf("%+v, want %s", r, name)
		}
		v := transfer.Verifier{Client: keeping(t), Jobs: 1}
		if r := v.Verify(t.Context(), input); r.Err == nil || !strings.HasSuffix(r.Err.Error(), name) || r.Verdict != transfer.Undecided {
			t.Errorf("%+v, want %s", r, name)
		}
	}
}
