package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// Storage is where the secret of an account is kept.
type Storage string

// The two places.
const (
	// InKeyring is the keyring of the operating system.
	InKeyring Storage = "keyring"
	// InFile is a file that only its owner can read.
	InFile Storage = "file"
)

// Account is a login without its secret.
type Account struct {
	// API is the base URL that was logged in to.
	API string `json:"api"`
	// TeamID and TeamSlug name the default team there; both are empty for
	// the personal account.
	TeamID   string `json:"teamId,omitempty"`
	TeamSlug string `json:"teamSlug,omitempty"`
	// Storage tells where the secret is.
	Storage Storage `json:"storage"`
}

// Team is the account's default team.
func (a Account) Team() artifact.Team { return artifact.Team{ID: a.TeamID, Slug: a.TeamSlug} }

// Accounts are all logins.
type Accounts struct {
	// Default is the base URL of the default API, empty where none was
	// chosen.
	Default string `json:"defaultApi,omitempty"`
	// ByOrigin has an entry for each origin that has a secret.
	ByOrigin map[Origin]Account `json:"accounts"`
}

// accountsFile holds the [Accounts], and nothing secret.
const accountsFile = "login.json"

// FileError is a file of the store that cannot be used.
type FileError struct {
	Doing string // as "reading"
	Path  string
	Err   error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s %s: %v", e.Doing, e.Path, e.Err) }

// Unwrap gives the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Accounts reads which logins there are. Where there is no file, or it belongs
// to a user whose files this one cannot read, there are none. It asks no
// keyring. The error is a [*FileError].
func (s *Store) Accounts() (Accounts, error) {
	if s.dir == "" {
		return Accounts{}, nil
	}
	path := filepath.Join(s.dir, accountsFile)
	var accounts Accounts
	err := jsonfile.Read(path, &accounts)
	if err != nil && !isAbsent(err) && !errors.Is(err, fs.ErrPermission) {
		return Accounts{}, &FileError{"reading", path, err}
	}
	return accounts, nil
}

func (s *Store) writeAccounts(accounts Accounts) error {
	data, err := json.MarshalIndent(accounts, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.dir, accountsFile), append(data, '\n'))
}

// Origin is the place that a credential belongs to: scheme, host and port of a
// base URL, as [origin.Of] writes them. Vercel's two are one.
type Origin string

// Vercel is the origin of Vercel's cache.
const Vercel Origin = "https://api.vercel.com:443"

// vercelAlias is the host that turbo uses by default.
const vercelAlias Origin = "https://vercel.com:443"

// OriginOf returns where the credential for a base URL belongs. It fails for a
// host that cannot be dialled.
func OriginOf(base *url.URL) (Origin, error) {
	text, err := origin.Of(base)
	if Origin(text) == vercelAlias {
		return Vercel, nil
	}
	return Origin(text), err
}

// String is the origin without the port that its scheme has anyway.
func (o Origin) String() string {
	text := string(o)
	if strings.HasPrefix(text, "https://") {
		return strings.TrimSuffix(text, ":443")
	}
	return strings.TrimSuffix(text, ":80")
}
