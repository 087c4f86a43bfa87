package credential

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// Storage is where the secret of an account is stored.
type Storage string

// The two places.
const (
	InKeyring Storage = "keyring" // of the operating system
	InFile    Storage = "file"    // that only its owner can read
)

// Account is a login without its secret.
type Account struct {
	API string `json:"api"` // base URL
	// TeamID and TeamSlug are the default team; both are empty for the personal
	// account.
	TeamID   string  `json:"teamId,omitempty"`
	TeamSlug string  `json:"teamSlug,omitempty"`
	Storage  Storage `json:"storage"`
}

// Team returns the default team.
func (a Account) Team() artifact.Team { return artifact.Team{ID: a.TeamID, Slug: a.TeamSlug} }

// Accounts are all logins.
type Accounts struct {
	// Default is the base URL of the default API, if one was chosen.
	Default string `json:"defaultApi,omitempty"`
	// ByOrigin has an entry for each origin that has a secret.
	ByOrigin map[Origin]Account `json:"accounts"`
}

// accountsFile holds the [Accounts], and nothing secret.
const accountsFile = "login.json"

// FileError reports a file of the store that cannot be used.
type FileError struct {
	Doing string // as "reading"
	Path  string
	Err   error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s %s: %v", e.Doing, e.Path, e.Err) }
func (e *FileError) Unwrap() error { return e.Err }

// Accounts returns all logins, without using the keyring. It returns none if the
// file does not exist or belongs to another user. The error is a [*FileError].
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

// Origin is what a credential is for: a base URL's scheme, host and port, as in
// [origin.Of]. Vercel's two hosts are one origin.
type Origin string

// Vercel is the origin of Vercel's cache.
const Vercel Origin = "https://api.vercel.com:443"

// vercelAlias is the host that turbo uses by default.
const vercelAlias Origin = "https://vercel.com:443"

// OriginOf returns the origin of a base URL. It fails for a host that cannot be
// dialled.
func OriginOf(base *url.URL) (Origin, error) {
	text, err := origin.Of(base)
	if Origin(text) == vercelAlias {
		return Vercel, nil
	}
	return Origin(text), err
}

// OriginOfAPI is like [OriginOf] for an unparsed base URL.
func OriginOfAPI(raw string) (Origin, error) {
	base, err := api.ParseBaseURL(raw)
	if err != nil {
		return "", err
	}
	return OriginOf(base)
}

// String returns the origin without its scheme's default port.
func (o Origin) String() string {
	text := string(o)
	if strings.HasPrefix(text, "https://") {
		return strings.TrimSuffix(text, ":443")
	}
	return strings.TrimSuffix(text, ":80")
}
