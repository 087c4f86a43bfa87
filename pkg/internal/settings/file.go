package settings

import (
	"encoding/json"
	"errors"
	"io/fs"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
)

// layer is what one file says.
type layer struct {
	path      string
	api       string
	team      artifact.Team
	token     string
	signature bool
	preflight *bool // nil where it says nothing
}

// turboConfig is turbo's own file, .turbo/config.json in a work tree or
// turborepo/config.json of a user. Names are compared without case, which
// covers the older spellings (teamid, ApiUrl and so on).
type turboConfig struct {
	APIURL    string `json:"apiUrl"`
	TeamID    string `json:"teamId"`
	TeamSlug  string `json:"teamSlug"`
	Token     string `json:"token"`
	Signature bool   `json:"signature"`
	Preflight *bool  `json:"preflight"`
}

func (c turboConfig) layer(path string) layer {
	return layer{
		path: path, api: c.APIURL, team: artifact.Team{ID: c.TeamID, Slug: c.TeamSlug},
		token: c.Token, signature: c.Signature, preflight: c.Preflight,
	}
}

// turboJSON is turbo.json. It never holds a token.
type turboJSON struct {
	// Extends makes it the file of one package, which has no settings.
	Extends     json.RawMessage `json:"extends"`
	RemoteCache remoteCache     `json:"remoteCache"`
	FutureFlags struct {
		GlobalConfiguration bool `json:"globalConfiguration"`
	} `json:"futureFlags"`
	Global struct {
		RemoteCache remoteCache `json:"remoteCache"`
	} `json:"global"`
}

type remoteCache struct {
	APIURL    string `json:"apiUrl"`
	TeamID    string `json:"teamId"`
	TeamSlug  string `json:"teamSlug"`
	Signature bool   `json:"signature"`
	Preflight *bool  `json:"preflight"`
}

func (t turboJSON) layer(path string) layer {
	cache := t.RemoteCache
	if t.FutureFlags.GlobalConfiguration {
		cache = t.Global.RemoteCache
	}
	return layer{
		path: path, api: cache.APIURL, team: artifact.Team{ID: cache.TeamID, Slug: cache.TeamSlug},
		signature: cache.Signature, preflight: cache.Preflight,
	}
}

// readFile decodes a file, and reports whether it is there. The error is an
// [*Error] that names it.
func readFile(path string, document any) (found bool, err error) {
	err = jsonfile.Read(path, document)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return false, nil
	}
	return false, &Error{Origin: path, Err: err}
}

// readUserFile is readFile for a user-level file: where another user's are
// named, as under sudo, what cannot be read is not there.
func readUserFile(path string, document any) (found bool, err error) {
	found, err = readFile(path, document)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	return found, err
}
