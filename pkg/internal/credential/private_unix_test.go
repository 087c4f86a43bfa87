//go:build unix

package credential

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestSecretsArePrivate writes the file only for its owner, whatever the umask,
// and reads no file that others can read, and no link.
func TestSecretsArePrivate(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	account := Account{API: "https://one.example", Storage: InFile}
	save(t, s, account, "a", SaveOptions{})
	info, err := os.Stat(s.secretsPath())
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(s.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o602, 0o610} {
		must.Do(t, os.Chmod(s.secretsPath(), mode))
		found, _, err := s.Get(t.Context(), one, account)
		if !errors.Is(err, ErrExposed) || !found.IsEmpty() || strings.Contains(err.Error(), "a\"") {
			t.Errorf("%v: %+v, %v", mode, found, err)
		}
		if err := s.Save(t.Context(), account, NewSecret("b"), SaveOptions{}); !errors.Is(err, ErrExposed) {
			t.Errorf("%v: saved, %v", mode, err)
		}
	}
	// It can be got rid of.
	if removed, err := s.Forget(t.Context(), func(Origin) bool { return true }); len(removed) != 1 || err != nil {
		t.Errorf("%v, %v", removed, err)
	}
	save(t, s, account, "c", SaveOptions{})
	moved := s.secretsPath() + ".moved"
	must.Do(t, os.Rename(s.secretsPath(), moved))
	must.Do(t, os.Symlink(moved, s.secretsPath()))
	var failed *FileError
	if _, _, err := s.Get(t.Context(), one, account); !errors.As(err, &failed) || failed.Err.Error() != "it is a symbolic link" {
		t.Errorf("followed a link: %v", err)
	}
}

// TestSudo creates no file of root in the home of the user who called sudo.
func TestSudo(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("takes root")
	}
	home := t.TempDir()
	must.Do(t, os.Chown(home, 65534, 65534))
	for uid, refused := range map[int]bool{65534: true, 65533: false, 0: false} {
		s := NewStore(home+"/"+strconv.Itoa(uid)+"/artifact", func(name string) string {
			return map[string]string{"SUDO_UID": strconv.Itoa(uid)}[name]
		})
		err := s.CheckWritable(t.Context(), one, InFile, time.Minute)
		if got := err != nil && strings.Contains(err.Error(), "without sudo"); got != refused {
			t.Errorf("%d: %v", uid, err)
		}
	}
}
