package command

import (
	"fmt"
	"os"

	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// readPrivate reads a small text file with secrets. It fails if others can read
// it, unless this user cannot change that.
func readPrivate(path string, limit int64) (text []byte, err error) {
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		err = checkPrivate(file)
	}
	if err == nil {
		text, err = usertext.ReadAll(file, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, usertext.FileReason(err))
	}
	return text, nil
}
