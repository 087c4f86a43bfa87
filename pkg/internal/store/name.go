package store

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

const (
	// digestMark begins names that are digests. No plain name begins with it.
	digestMark = "_"
	// personalName is the directory of the personal account. It is neither a
	// plain name nor a digest, so no team can have it.
	personalName = digestMark + "personal"
	// maxPlainName is the length of the longest digest (SHA-512) in hex. It
	// leaves room for a deep directory under Windows' limit for paths.
	maxPlainName = 128
)

// path returns the path of k in the store's directory, with slashes.
func (k Key) path() string {
	team := personalName
	if k.Team != "" {
		team = fileName(k.Team)
	}
	return path.Join(team, fileName(string(k.ID)))
}

// fileName returns a unique file name for a text, even on file systems that
// ignore case, drop trailing dots, or reserve names of devices.
func fileName(text string) string {
	if isPlainName(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return digestMark + hex.EncodeToString(sum[:])
}

// isFileName reports whether fileName could have returned name.
func isFileName(name string) bool {
	digest, found := strings.CutPrefix(name, digestMark)
	if !found {
		return isPlainName(name)
	}
	return len(digest) == hex.EncodedLen(sha256.Size) &&
		strings.Trim(digest, "0123456789abcdef") == ""
}

// isPlainName reports whether a text is a safe file name: lower-case ASCII
// letters, digits and, after the first character, - and _, but not a device.
func isPlainName(text string) bool {
	return text != "" && len(text) <= maxPlainName && text[0] != '-' && text[0] != '_' &&
		strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" && !isDevice(text)
}

// isDevice reports whether name is a device in every directory on Windows.
func isDevice(name string) bool {
	if len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") {
		return '0' <= name[3] && name[3] <= '9'
	}
	return slices.Contains([]string{"aux", "con", "nul", "prn"}, name)
}
