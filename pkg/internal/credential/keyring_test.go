package credential

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestKeyringFails checks that nothing changes if the keyring fails.
func TestKeyringFails(t *testing.T) {
	t.Parallel()
	s, m := newStore(t)
	save(t, s, Account{API: "https://one.example", Storage: InKeyring}, "a", SaveOptions{})
	must.Do(t, s.CheckWritable(t.Context(), two, InKeyring, time.Minute))
	m.err = errors.New("locked")
	must.Do(t, s.CheckWritable(t.Context(), two, InFile, time.Minute))
	var failed *KeyringError
	if err := s.CheckWritable(t.Context(), two, InKeyring, time.Minute); !errors.As(err, &failed) {
		t.Errorf("found writable: %v", err)
	}
	if err := s.Save(t.Context(), Account{API: "https://two.example:444", Storage: InKeyring}, NewSecret("b"), SaveOptions{Wait: time.Minute}); !errors.As(err, &failed) {
		t.Errorf("saved: %v", err)
	}
	if removed, err := s.Forget(t.Context(), func(Origin) bool { return true }); len(removed) != 0 || !errors.As(err, &failed) {
		t.Errorf("removed %v, %v", removed, err)
	}
	m.err = nil
	if got := get(t, s, one); got != "a keyring" {
		t.Errorf("%q", got)
	}
	if accounts, err := s.Accounts(); len(accounts.ByOrigin) != 1 || err != nil {
		t.Errorf("%+v, %v", accounts, err)
	}
}

// TestKeyringHangs checks that a call is abandoned after a while, and when ctx
// ends.
func TestKeyringHangs(t *testing.T) {
	t.Parallel()
	_, m := newStore(t)
	m.hang = make(chan struct{})
	defer close(m.hang)
	k := m.keyring()
	_, err := k.Get(t.Context(), one, time.Millisecond)
	if !errors.Is(err, errKeyringWait) || err.Error() != "the keyring of the operating system: it does not answer within 1ms" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Get(ctx, one, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestKeyringAnswersNonsense treats a panic of the library as a failure of the
// keyring.
func TestKeyringAnswersNonsense(t *testing.T) {
	t.Parallel()
	k := new(memory).keyring()
	k.get = func(string, string) (string, error) { panic("signal.Body[0]") }
	var failed *KeyringError
	if _, err := k.Get(t.Context(), one, time.Minute); !errors.As(err, &failed) {
		t.Error(err)
	}
}
