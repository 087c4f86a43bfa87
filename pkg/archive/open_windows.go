package archive

import (
	"os"
	"path/filepath"
	"strings"
)

const openFlags = os.O_RDONLY

// storable returns why Windows cannot store a file of this name, or "". It strips
// dots and spaces at the end of a name, takes a colon for a stream and a backslash
// for a slash, names such as NUL for devices, and GIT~1 for .git.
func storable(name string) string {
	for part := range strings.SplitSeq(name, "/") {
		if strings.ContainsAny(part, `\:*?"<>|`) || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' }) ||
			strings.TrimRight(part, ". ") != part || strings.EqualFold(part, "git~1") || !filepath.IsLocal(part) {
			return "Windows cannot store a file of this name"
		}
	}
	return ""
}

// checkPlace returns nil: Windows says only when it moves a file whether it can.
func checkPlace(_, _ *os.Root) error { return nil }
