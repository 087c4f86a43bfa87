//go:build unix

package archive

import (
	"archive/tar"
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPackRefuses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	tree{
		"out": "-> ../x", "absolute": "-> /etc/passwd", "in": "-> " + filepath.Join(root, "sub", "f"),
		"dangling": "-> nowhere", "sub/f": "", "to-sub": "-> sub", "windows": "-> sub\\..\\..\\x", "back\\slash": "", "c:\\x": "", "\\lead": "", ".git/config": "",
	}.write(t, root)
	listener, err := net.Listen("unix", filepath.Join(root, "socket"))
	must(t, err)
	defer listener.Close()
	must(t, os.WriteFile(filepath.Join(root, "no\xffutf8"), nil, 0o600))
	must(t, syscall.Mkfifo(filepath.Join(root, "fifo"), 0o600))
	for path, want := range map[string]string{
		"out":         "out: the link leads out of " + root + ", to ../x",
		"windows":     "windows: the link leads out of " + root + `, to sub\..\..\x`,
		"fifo":        "fifo: a FIFO cannot be stored in an archive",
		"to-sub/f":    filepath.Join(root, "to-sub/f") + ": to-sub is a link: name what it leads to",
		"absolute":    "absolute: the link leads out of " + root + ", to /etc/passwd",
		"socket":      "socket: a socket cannot be stored in an archive",
		"no\xffutf8":  filepath.Join(root, "no\xffutf8") + ": its name is not UTF-8",
		"missing":     filepath.Join(root, "missing") + ": no such file or directory",
		"..":          filepath.Dir(root) + ": it is not below " + root,
		"../x":        filepath.Join(filepath.Dir(root), "x") + ": it is not below " + root,
		"\\lead":      filepath.Join(root, "\\lead") + ": its name is an absolute path",
		".git":        filepath.Join(root, ".git") + ": it lies in a .git directory",
		".git/config": filepath.Join(root, ".git/config") + ": it lies in a .git directory",
		"in":          "", "dangling": "", "back\\slash": "",
	} {
		var packed bytes.Buffer
		err := Packer{Dir: root}.Pack(t.Context(), &packed, filepath.Join(root, path))
		if text(err) != want {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
	if err := (Packer{Dir: filepath.Join(root, "sub/f")}).Pack(t.Context(), new(bytes.Buffer), root); err == nil {
		t.Error("a file was taken for a root")
	}
	if err := (Packer{Dir: "/"}).Pack(t.Context(), new(bytes.Buffer), "."); err != ErrRoot {
		t.Errorf("the root of the file system: %v", err)
	}
}

// TestPackThroughALink finds a path below a root that is named by a link.
func TestPackThroughALink(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	tree{"real/d/f": "x", "link": "-> real"}.write(t, root)
	p := Packer{Dir: filepath.Join(root, "link")}
	if name, err := p.Check(filepath.Join(root, "real/d")); name != "d" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

// TestUnpackLongNames refuses names that are too long, alone or with a target.
func TestUnpackLongNames(t *testing.T) {
	t.Parallel()
	long, longest := strings.Repeat("n", 256), strings.Repeat("t/", 2047)+"t"
	for entry, want := range map[*tar.Header]string{
		file(long):             long + ": this system cannot store a name of more than 255 bytes",
		file(long + "/f"):      long + "/f: this system cannot store a name of more than 255 bytes",
		file(long[1:]):         "",
		link("l", longest+"t"): "l: it is a link to a path of more than 4095 bytes",
		link("l", long):        "",
	} {
		err := unpack(t, Unpacker{Dir: t.TempDir()}, handmade(t, entry))
		if text(err) != want || err != nil && !is(err, ErrUnsafe) {
			t.Errorf("%.10s: %v, want %s", entry.Name, err, want)
		}
	}
}
