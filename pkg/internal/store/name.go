package store

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

const (
	// digestMark begins the name of what cannot go by its own. No plain
	// name begins with it.
	digestMark = "_"
	// personalName is the directory of the personal account. It is no plain
	// name and no digest, so no team can have it.
	personalName = digestMark + "personal"
	// maxPlainName is the length of the longest digest (SHA-512) in hex. It
	// leaves room for a deep directory under Windows' limit for paths.
	maxPlainName = 128
)

// deviceNames belong to devices in every directory of a Windows system.
var deviceNames = []string{"aux", "con", "nul", "prn"}

// path returns where k is kept below the store's directory, with slashes.
func (k Key) path() string {
	team := personalName
	if k.Team != "" {
		team = fileName(k.Team)
	}
	return path.Join(team, fileName(string(k.ID)))
}

// fileName turns any text into a name for a file. Two texts never share one,
// also where the file system takes upper and lower case for the same, drops
// trailing dots, or knows devices.
func fileName(text string) string {
	if isPlainName(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return digestMark + hex.EncodeToString(sum[:])
}

// isFileName reports whether fileName could have made name.
func isFileName(name string) bool {
	digest, found := strings.CutPrefix(name, digestMark)
	if !found {
		return isPlainName(name)
	}
	return len(digest) == hex.EncodedLen(sha256.Size) &&
		strings.Trim(digest, "0123456789abcdef") == ""
}

// isPlainName reports whether a text is safe to be its own file name: lower-case
// ASCII letters and digits, then also - and _, and no device.
func isPlainName(text string) bool {
	if text == "" || len(text) > maxPlainName {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '-' || c == '_') && i > 0:
		default:
			return false
		}
	}
	return !isDevice(text)
}

func isDevice(name string) bool {
	if len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") {
		return '0' <= name[3] && name[3] <= '9'
	}
	return slices.Contains(deviceNames, name)
}
