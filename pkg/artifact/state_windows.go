package artifact

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

var getFileInformationByHandleEx = syscall.NewLazyDLL("kernel32.dll").NewProc("GetFileInformationByHandleEx")

// fileBasicInfo is FILE_BASIC_INFO of the Windows API, which holds the one time
// that no user can set.
type fileBasicInfo struct {
	creation, lastAccess, lastWrite, change syscall.Filetime
	attributes                              uint32
}

const fileBasicInfoClass = 0

func statFile(file *os.File) (fileState, error) {
	info, err := file.Stat()
	if err != nil {
		return fileState{}, err
	}
	var basic fileBasicInfo
	ok, _, err := getFileInformationByHandleEx.Call(file.Fd(), fileBasicInfoClass,
		uintptr(unsafe.Pointer(&basic)), unsafe.Sizeof(basic))
	if ok == 0 {
		return fileState{}, &os.PathError{Op: "GetFileInformationByHandleEx", Path: file.Name(), Err: err}
	}
	return fileState{
		size:     info.Size(),
		modified: info.ModTime(),
		changed:  time.Unix(0, basic.change.Nanoseconds()),
	}, nil
}

// statPath opens the file, since nothing else tells its change time.
func statPath(path string) (os.FileInfo, fileState, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fileState{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fileState{}, err
	}
	state, err := statFile(file)
	return info, state, err
}
