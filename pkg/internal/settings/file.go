package settings

import (
	"encoding/json"
	"errors"
	"io/fs"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
)

// layer has the settings of one file.
type layer struct {
	path      string
	api       string
	team      artifact.Team
	token     string
	signature bool
	preflight *bool // nil if not set
}

// remoteCache is what turbo's files say about the cache. Names are compared
// without case, which covers the older spellings (teamid, ApiUrl and so on).
type remoteCache struct {
	APIURL    string `json:"apiUrl"`
	TeamID    string `json:"teamId"`
	TeamSlug  string `json:"teamSlug"`
	Signature bool   `json:"signature"`
	Preflight *bool  `json:"preflight"`
}

func (c remoteCache) layer(path string) layer {
	team := artifact.Team{ID: c.TeamID, Slug: c.TeamSlug}
	return layer{path: path, api: c.APIURL, team: team, signature: c.Signature, preflight: c.Preflight}
}

// turboConfig is .turbo/config.json in a work tree, or a user's
// turborepo/config.json.
type turboConfig struct {
	remoteCache
	Token string `json:"token"`
}

func (c turboConfig) layer(path string) layer {
	found := c.remoteCache.layer(path)
	found.token = c.Token
	return found
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

func (t turboJSON) layer(path string) layer {
	if t.FutureFlags.GlobalConfiguration {
		return t.Global.RemoteCache.layer(path)
	}
	return t.RemoteCache.layer(path)
}

// readFile decodes a file, and reports whether it exists. The error is an [*Error].
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

// readUserFile is readFile for a user-level file. One that may not be read counts
// as absent: under sudo it may be another user's.
func readUserFile(path string, document any) (found bool, err error) {
	found, err = readFile(path, document)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	return found, err
}
