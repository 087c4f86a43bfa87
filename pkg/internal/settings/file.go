package settings

import (
	"encoding/json"
	"errors"
	"io/fs"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
)

// layer has the settings of one file, in the form of .turbo/config.json in a work
// tree, and of a user's turborepo/config.json.
type layer struct {
	path string
	remoteCache
	Token string `json:"token"`
}

// remoteCache is turbo's settings of the cache. Names are compared without case,
// which covers the older spellings (teamid, ApiUrl and so on).
type remoteCache struct {
	APIURL    string `json:"apiUrl"`
	TeamID    string `json:"teamId"`
	TeamSlug  string `json:"teamSlug"`
	Signature bool   `json:"signature"`
	Preflight *bool  `json:"preflight"` // nil if not set
}

func (l layer) team() namedTeam {
	return namedTeam{l.path, artifact.Team{ID: l.TeamID, Slug: l.TeamSlug}}
}

// turboJSON is turbo.json. It has no token.
type turboJSON struct {
	// Extends is set in the file of a package, which has no settings.
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
		return layer{path: path, remoteCache: t.Global.RemoteCache}
	}
	return layer{path: path, remoteCache: t.RemoteCache}
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

// readUserFile is like readFile, but a file without read permission counts as
// absent: under sudo it may be another user's.
func readUserFile(path string, document any) (found bool, err error) {
	found, err = readFile(path, document)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	return found, err
}
