//go:build unix

package usertext

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestSocketAndDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	listener := must.Get(net.Listen("unix", socket))(t)
	defer listener.Close()
	for path, want := range map[string]string{
		socket: "reading " + socket + ": it is a socket, not a file",
		dir:    "reading " + dir + ": is a directory",
	} {
		if _, err := ReadFile(path, 10); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := os.OpenFile(socket, os.O_WRONLY, 0); FileReason(err).Error() != "it is a socket, not a file" {
		t.Error(err)
	}
}

func TestFileReason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	must.Do(t, os.Symlink("gone", link))
	_, err := os.Open(link)
	if got, want := FileReason(err), "it is a link to gone, which does not exist"; got.Error() != want || !errors.Is(got, fs.ErrNotExist) {
		t.Errorf("%v, want %s", got, want)
	}
	_, err = os.Open(filepath.Join(dir, "none"))
	if got, want := FileReason(err), err.(*fs.PathError).Err; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if err := FileReason(nil); err != nil {
		t.Error(err)
	}
}
