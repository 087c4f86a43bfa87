package artifact

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"syscall"
)

const (
	fileAttributeTemporary = 0x100
	fileFlagDeleteOnClose  = 0x04000000
	deleteAccess           = 0x00010000 // DELETE, which delete-on-close demands
)

// createNameless makes a file that Windows deletes with its last handle: a
// file has to have a name there.
func createNameless(dir string) (*os.File, error) {
	path := filepath.Join(dir, "artifact-"+rand.Text())
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	handle, err := syscall.CreateFile(name,
		syscall.GENERIC_READ|syscall.GENERIC_WRITE|deleteAccess,
		syscall.FILE_SHARE_READ|syscall.FILE_SHARE_WRITE|syscall.FILE_SHARE_DELETE,
		nil, syscall.CREATE_NEW, fileAttributeTemporary|fileFlagDeleteOnClose, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
