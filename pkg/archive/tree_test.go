package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// tree is files by their names. A value that begins with "-> " is a link, a name
// that ends in a slash a directory, and one that ends in * a program.
type tree map[string]string

func (tr tree) write(t *testing.T, dir string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(tr)) {
		path := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(name, "*")))
		must(t, os.MkdirAll(filepath.Dir(path), 0o777))
		target, isLink := strings.CutPrefix(tr[name], "-> ")
		switch {
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(path, 0o777))
		case isLink:
			must(t, os.Symlink(target, path))
		case strings.HasSuffix(name, "*"):
			must(t, os.WriteFile(path, []byte(tr[name]), 0o777))
		default:
			must(t, os.WriteFile(path, []byte(tr[name]), 0o666))
		}
	}
}

// treeOf reads back what write wrote. Directories that hold something are not
// listed.
func treeOf(t *testing.T, dir string) tree {
	t.Helper()
	tr := tree{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		name := filepath.ToSlash(rel)
		switch {
		case entry.IsDir():
			below, err := os.ReadDir(path)
			if len(below) == 0 {
				tr[name+"/"] = ""
			}
			return err
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			tr[name] = "-> " + target
			return err
		}
		content, err := os.ReadFile(path)
		if info, _ := entry.Info(); info.Mode()&0o100 != 0 {
			name += "*"
		}
		tr[name] = string(content)
		return err
	}))
	return tr
}

func pack(t *testing.T, p Packer, paths ...string) []byte {
	t.Helper()
	var packed bytes.Buffer
	must(t, p.Pack(t.Context(), &packed, inDir(p.Dir, paths)...))
	return packed.Bytes()
}

func inDir(dir string, paths []string) []string {
	full := make([]string, len(paths))
	for i, path := range paths {
		full[i] = filepath.Join(dir, path)
	}
	return full
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names are the entries of an archive, directories with a slash.
func names(t *testing.T, packed []byte) []string {
	t.Helper()
	r, err := NewReader(bytes.NewReader(packed), "", Limits{})
	must(t, err)
	defer r.Close()
	var list []string
	for {
		entry, err := r.Next()
		if err == io.EOF {
			return list
		}
		must(t, err)
		if entry.Mode.IsDir() {
			entry.Name += "/"
		}
		list = append(list, entry.Name)
	}
}

// handmade compresses entries that no packer of ours would write.
func handmade(t *testing.T, headers ...*tar.Header) []byte {
	t.Helper()
	var packed bytes.Buffer
	encoder, err := zstd.NewWriter(&packed)
	must(t, err)
	archive := tar.NewWriter(encoder)
	for _, h := range headers {
		if h.Mode == 0 && h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o644
		}
		must(t, archive.WriteHeader(h))
		_, err := archive.Write(make([]byte, h.Size))
		must(t, err)
	}
	must(t, archive.Close())
	must(t, encoder.Close())
	return packed.Bytes()
}

func file(name string) *tar.Header { return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 1} }
func dir(name string) *tar.Header  { return &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755} }
func link(name, target string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
}

// text is an error's, or nothing.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func is(err, target error) bool { return err == target || target != nil && errors.Is(err, target) }
