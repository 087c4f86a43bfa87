package artifact

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// fileBasicInfo is FILE_BASIC_INFO of the Windows API. It has the change time,
// which [os.FileInfo] lacks.
type fileBasicInfo struct {
	creationTime, lastAccessTime, lastWriteTime, changeTime int64 // each a windows.Filetime, aligned to 8 bytes
	fileAttributes                                          uint32
	_                                                       uint32 // padding
}

// Windows refuses a smaller buffer.
var _ [40]byte = [unsafe.Sizeof(fileBasicInfo{})]byte{}

const withoutWaiting = 0 // no FIFO replaces a file

func statFile(file *os.File) (os.FileInfo, fileState, error) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() { // NUL and pipes have no times
		return info, fileState{}, err
	}
	var basic fileBasicInfo
	if err := windows.GetFileInformationByHandleEx(windows.Handle(file.Fd()), windows.FileBasicInfo,
		(*byte)(unsafe.Pointer(&basic)), uint32(unsafe.Sizeof(basic))); err != nil {
		return nil, fileState{}, &os.PathError{Op: "stat", Path: file.Name(), Err: err}
	}
	state := fileState{size: info.Size(), modified: info.ModTime()}
	if basic.changeTime > 0 { // FAT stores none
		state.changed = time.Unix(0, (*windows.Filetime)(unsafe.Pointer(&basic.changeTime)).Nanoseconds())
	}
	return info, state, nil
}

// statPath opens the file, since the change time needs a handle.
func statPath(path string) (os.FileInfo, fileState, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fileState{}, err
	}
	defer file.Close()
	return statFile(file)
}

// createUnnamed creates a file that Windows deletes when its last handle is
// closed: there a file must have a name.
func createUnnamed(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "artifact-"+rand.Text()),
		os.O_RDWR|os.O_CREATE|os.O_EXCL|windows.O_FILE_FLAG_DELETE_ON_CLOSE, 0o600)
}

// widenPipe does nothing: only Linux can change the size of a pipe.
func widenPipe(*os.File) {}
