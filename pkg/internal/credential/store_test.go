package credential

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// memory is a keyring that keeps its entries in memory.
type memory struct {
	mu      sync.Mutex
	entries map[string]string
	calls   int
	err     error         // of every call
	hang    chan struct{} // if not nil, every call waits for it
}

func (m *memory) do(change func() error) error {
	if m.hang != nil {
		<-m.hang
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.err != nil {
		return m.err
	}
	return change()
}

func (m *memory) Get(service, user string) (secret string, err error) {
	err = m.do(func() error {
		var ok bool
		if secret, ok = m.entries[service+" "+user]; !ok {
			return keyring.ErrNotFound
		}
		return nil
	})
	return secret, err
}

func (m *memory) Set(service, user, secret string) error {
	return m.do(func() error {
		m.entries[service+" "+user] = secret
		return nil
	})
}

func (m *memory) Delete(service, user string) error {
	return m.do(func() error {
		if _, ok := m.entries[service+" "+user]; !ok {
			return keyring.ErrNotFound
		}
		delete(m.entries, service+" "+user)
		return nil
	})
}

func (m *memory) keyring() boundedKeyring {
	return boundedKeyring{m.Get, m.Set, m.Delete, func() error { return nil }}
}

func newStore(t *testing.T) (*Store, *memory) {
	t.Helper()
	m := &memory{entries: map[string]string{}}
	s := NewStore(filepath.Join(t.TempDir(), "config", "artifact"), func(string) string { return "" })
	s.keyring = m.keyring()
	return s, m
}

const (
	one Origin = "https://one.example:443"
	two Origin = "https://two.example:444"
)

func save(t *testing.T, s *Store, account Account, secret string, options SaveOptions) {
	t.Helper()
	options.Wait = time.Minute
	must.Do(t, s.Save(t.Context(), account, NewSecret(secret), options))
}

// get returns the secret for an origin, with its place.
func get(t *testing.T, s *Store, origin Origin) string {
	t.Helper()
	accounts := must.Get(s.Accounts())(t)
	secret, place, err := s.Get(t.Context(), origin, accounts.ByOrigin[origin])
	must.Do(t, err)
	return secret.Reveal() + " " + filepath.Base(place)
}

func TestStore(t *testing.T) {
	t.Parallel()
	s, m := newStore(t)
	inKeyring := Account{API: "https://one.example/base", TeamID: "team_1", TeamSlug: "1", Storage: InKeyring}
	inFile := Account{API: "https://two.example:444", Storage: InFile}
	save(t, s, inKeyring, "a", SaveOptions{MakeDefault: true})
	save(t, s, inFile, "b", SaveOptions{})
	accounts, err := s.Accounts()
	want := Accounts{Default: "https://one.example/base", ByOrigin: map[Origin]Account{one: inKeyring, two: inFile}}
	if fmt.Sprint(accounts, err) != fmt.Sprint(want, nil) {
		t.Errorf("%+v, %v, want %+v", accounts, err, want)
	}
	if a, b := get(t, s, one), get(t, s, two); a != "a keyring" || b != "b credentials.json" {
		t.Errorf("%q and %q", a, b)
	}
	if got := fmt.Sprint(m.entries); got != "map[artifact https://one.example:443:a]" {
		t.Errorf("the keyring has %s", got)
	}

	// The other place, and nothing left behind in the first.
	inKeyring.Storage, inFile.Storage = InFile, InKeyring
	save(t, s, inKeyring, "c", SaveOptions{})
	save(t, s, inFile, "d", SaveOptions{})
	if a, b := get(t, s, one), get(t, s, two); a != "c credentials.json" || b != "d keyring" {
		t.Errorf("%q and %q", a, b)
	}
	if got := fmt.Sprint(m.entries); got != "map[artifact https://two.example:444:d]" {
		t.Errorf("the keyring has %s", got)
	}
	if text, err := os.ReadFile(s.secretsPath()); err != nil || strings.Contains(string(text), "two") {
		t.Errorf("the file has %s, %v", text, err)
	}

	removed, err := s.Forget(t.Context(), func(o Origin) bool { return o == one })
	if fmt.Sprint(removed, err) != fmt.Sprint([]Origin{one}, nil) {
		t.Errorf("%v, %v", removed, err)
	}
	accounts, err = s.Accounts()
	if want := (Accounts{ByOrigin: map[Origin]Account{two: inFile}}); fmt.Sprint(accounts, err) != fmt.Sprint(want, nil) {
		t.Errorf("%+v, %v, want %+v", accounts, err, want)
	}
	if _, err := os.Stat(s.secretsPath()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty file of secrets is left: %v", err)
	}
	removed, err = s.Forget(t.Context(), func(o Origin) bool { return o == one })
	if len(removed) != 0 || err != nil {
		t.Errorf("%v, %v", removed, err)
	}
}

// TestGoneEntry accepts that the user removed an entry from the keyring.
func TestGoneEntry(t *testing.T) {
	t.Parallel()
	s, m := newStore(t)
	save(t, s, Account{API: "https://one.example", Storage: InKeyring}, "a", SaveOptions{})
	clear(m.entries)
	if got := get(t, s, one); got != " keyring" {
		t.Errorf("%q", got)
	}
	if removed, err := s.Forget(t.Context(), func(Origin) bool { return true }); len(removed) != 1 || err != nil {
		t.Errorf("%v, %v", removed, err)
	}
}

// TestManyLogins changes the files from many stores at once, as many processes
// would; each has its own lock, since it opens the file anew.
func TestManyLogins(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	var group sync.WaitGroup
	const logins = 20
	for i := range logins {
		group.Go(func() {
			other := NewStore(s.dir, s.getenv)
			account := Account{API: fmt.Sprintf("https://%d.example", i), Storage: InFile}
			if err := other.Save(t.Context(), account, NewSecret(fmt.Sprint("secret", i)), SaveOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range logins {
		if got := get(t, s, Origin(fmt.Sprintf("https://%d.example:443", i))); got != fmt.Sprintf("secret%d credentials.json", i) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if names, err := os.ReadDir(s.dir); len(names) != 3 || err != nil {
		t.Errorf("left %v, %v", names, err)
	}
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	s := NewStore("", func(string) string { return "" })
	if accounts, err := s.Accounts(); accounts.ByOrigin != nil || err != nil {
		t.Errorf("%+v, %v", accounts, err)
	}
	if err := s.CheckWritable(t.Context(), one, InFile, time.Minute); !errors.Is(err, ErrNoDirectory) {
		t.Error(err)
	}
	if removed, err := s.Forget(t.Context(), func(Origin) bool { return true }); len(removed) != 0 || err != nil {
		t.Errorf("%v, %v", removed, err)
	}
}

// FuzzStore checks that any content of login's two files is read or reported with
// the file's name, and can be replaced.
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
		if left, err := s.readSecrets(); err != nil || left[one] != "" {
			t.Errorf("a secret is left, %v", err)
		}
	})
}
