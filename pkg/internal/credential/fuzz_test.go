package credential

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// FuzzStore: whatever stands in the two files that login writes, it is read or
// an error that names the file, and what is stored over it is there.
func FuzzStore(f *testing.F) {
	for _, text := range []string{
		"", "{}", "[]", "null", "\ufeff{}", `{"accounts":null}`, `{"accounts":{"https://one.example:443":{"api":"x","storage":"file"}}}`,
		`{"accounts":{"https://one.example:443":{"storage":"nowhere"}},"defaultApi":"\u0000"}`, `{"accounts":{"https://one.example:443":5}}`,
		`{"https://one.example:443":"old","":"x"}`, `{"https://one.example:443":null}`, `{"a":"\ud800"`,
	} {
		f.Add(text, "")
		f.Add("", text)
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, accounts, secrets string) {
		s, _ := newStore(t)
		must.Do(t, os.MkdirAll(s.dir, 0o700))
		for name, text := range map[string]string{accountsFile: accounts, secretsFile: secrets} {
			if text == "" {
				continue
			}
			must.Do(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
		}
		account := Account{API: "https://one.example", TeamSlug: "t", Storage: InFile}
		err := s.Save(t.Context(), account, NewSecret("new"), SaveOptions{MakeDefault: true, Wait: time.Minute})
		var file *FileError
		if err != nil {
			if !errors.As(err, &file) {
				t.Errorf("Save: %v", err)
			}
			return
		}
		if got := get(t, s, one); got != "new "+secretsFile {
			t.Errorf("%q is stored", got)
		}
		removed, err := s.Forget(t.Context(), func(o Origin) bool { return o == one })
		if len(removed) != 1 || err != nil {
			t.Errorf("Forget: %v, %v", removed, err)
		}
		if left, err := s.secretInFile(one); err != nil || !left.IsEmpty() {
			t.Errorf("a secret is left, %v", err)
		}
	})
}
