package credential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/artifact-cli/artifact/pkg/internal/filelock"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Store stores logins: a secret for each origin, in the keyring of the operating
// system or in a file, and the [Accounts]. Several processes may use it at once.
type Store struct {
	dir     string
	getenv  func(string) string
	keyring boundedKeyring
}

// ErrNoDirectory reports that there is no place for the store's files.
var ErrNoDirectory = errors.New("no directory for settings: neither HOME nor XDG_CONFIG_HOME is set")

// NewStore returns a store in dir, which need not exist; with an empty dir, it
// stores nothing. The environment locates the keyring, and reveals sudo.
func NewStore(dir string, getenv func(string) string) *Store {
	return &Store{dir: dir, getenv: getenv, keyring: boundedKeyring{keyring.Get, keyring.Set, keyring.Delete, presence(getenv)}}
}

// Get returns the secret of an account from [Store.Accounts], empty if it is
// gone, and describes where it was. The error is a [*KeyringError], a
// [*FileError], or ctx's.
func (s *Store) Get(ctx context.Context, origin Origin, account Account) (secret Secret, place string, err error) {
	if account.Storage == InFile {
		secrets, err := s.readSecrets()
		return NewSecret(secrets[origin]), s.secretsPath(), err
	}
	secret, err = s.keyring.Get(ctx, origin, KeyringWait)
	return secret, "keyring", err
}

// SaveOptions configure [Store.Save].
type SaveOptions struct {
	MakeDefault bool          // make its API the default one
	Wait        time.Duration // for a keyring, as [KeyringWait]
}

// Save stores an account, and its secret in account.Storage. It replaces an
// earlier login to that origin.
func (s *Store) Save(ctx context.Context, account Account, secret Secret, options SaveOptions) error {
	origin, err := OriginOfAPI(account.API)
	if err != nil {
		return err
	}
	return s.change(ctx, func(accounts *Accounts) error {
		if err := s.put(ctx, origin, account, secret, options.Wait); err != nil {
			return err
		}
		before, isStored := accounts.ByOrigin[origin]
		if isStored && before.Storage != account.Storage {
			// A leftover secret does no harm: it is never read.
			_ = s.drop(ctx, origin, before, KeyringWait)
		}
		accounts.ByOrigin[origin] = account
		if options.MakeDefault {
			accounts.Default = account.API
		}
		return nil
	})
}

func (s *Store) put(ctx context.Context, origin Origin, account Account, secret Secret, wait time.Duration) error {
	if account.Storage == InFile {
		return s.changeSecrets(func(secrets map[Origin]string) { secrets[origin] = secret.Reveal() })
	}
	return s.keyring.Set(ctx, origin, secret, wait)
}

func (s *Store) drop(ctx context.Context, origin Origin, account Account, wait time.Duration) error {
	if account.Storage == InFile {
		err := s.changeSecrets(func(secrets map[Origin]string) { delete(secrets, origin) })
		if errors.Is(err, ErrExposed) {
			err = s.removeSecrets() // others may have read all of them
		}
		return err
	}
	return s.keyring.Remove(ctx, origin, wait)
}

// CheckWritable checks that [Store.Save] could store a secret in storage. It
// creates the directory, and has the keyring unlocked.
func (s *Store) CheckWritable(ctx context.Context, origin Origin, storage Storage, wait time.Duration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	unlock()
	if storage == InFile {
		return nil
	}
	_, err = s.keyring.Get(ctx, origin, wait)
	return err
}

// Forget removes the accounts that match, and returns their origins. An account whose
// secret cannot be removed stays, with an error.
func (s *Store) Forget(ctx context.Context, match func(Origin) bool) ([]Origin, error) {
	// Without a login nothing is written, not even a lock.
	if accounts, err := s.Accounts(); err != nil || !slices.ContainsFunc(slices.Collect(maps.Keys(accounts.ByOrigin)), match) {
		return nil, err
	}
	var removed []Origin
	var failed error
	err := s.change(ctx, func(accounts *Accounts) error {
		for _, origin := range slices.Sorted(maps.Keys(accounts.ByOrigin)) {
			if !match(origin) {
				continue
			}
			if err := s.drop(ctx, origin, accounts.ByOrigin[origin], KeyringWait); err != nil {
				failed = errors.Join(failed, fmt.Errorf("removing the credential for %s: %w", origin, err))
				continue
			}
			delete(accounts.ByOrigin, origin)
			if at, err := OriginOfAPI(accounts.Default); err == nil && at == origin {
				accounts.Default = ""
			}
			removed = append(removed, origin)
		}
		return nil
	})
	return removed, errors.Join(failed, err)
}

// change changes the accounts under a lock.
func (s *Store) change(ctx context.Context, apply func(*Accounts) error) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	accounts, err := s.Accounts()
	if err != nil {
		return err
	}
	if accounts.ByOrigin == nil {
		accounts.ByOrigin = make(map[Origin]Account)
	}
	if err := apply(&accounts); err != nil {
		return err
	}
	return writeJSON(filepath.Join(s.dir, accountsFile), accounts)
}

const lockFile = "login.lock"

const (
	// lockWait is how long to wait for another login, which may be waiting for its
	// user to unlock the keyring.
	lockWait = 10 * time.Second
	lockPoll = 20 * time.Millisecond
)

// ErrBusy reports another login or logout under way.
var ErrBusy = errors.New("another login or logout is running")

// lock creates the directory and locks it. The lock ends with the process.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if s.dir == "" {
		return nil, ErrNoDirectory
	}
	if err := checkOwner(s.dir, s.getenv("SUDO_UID")); err != nil {
		return nil, &FileError{"writing in", s.dir, err}
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, &FileError{"making", s.dir, usertext.FileReason(err)}
	}
	path := filepath.Join(s.dir, lockFile)
	file, err := openLock(path)
	if err != nil {
		return nil, &FileError{"writing", path, usertext.FileReason(err)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, ErrBusy)
	defer cancel()
	for {
		locked, err := filelock.Try(file)
		if locked || err != nil {
			// Without locks in the file system, go on: files are replaced as a
			// whole, so they stay readable.
			return func() { _ = file.Close() }, nil
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			_ = file.Close()
			return nil, context.Cause(ctx)
		}
	}
}
