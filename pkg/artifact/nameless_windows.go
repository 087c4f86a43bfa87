package artifact

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// createNameless makes a file that Windows deletes when its last handle is
// closed: a file must have a name there.
func createNameless(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "artifact-"+rand.Text()),
		os.O_RDWR|os.O_CREATE|os.O_EXCL|windows.O_FILE_FLAG_DELETE_ON_CLOSE, 0o600)
}
