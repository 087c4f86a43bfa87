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

func openToRead(path string) (*os.File, error) { return os.Open(path) }

func statFile(file *os.File) (os.FileInfo, fileState, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fileState{}, err
	}
	var basic fileBasicInfo
	ok, _, err := getFileInformationByHandleEx.Call(file.Fd(), fileBasicInfoClass,
		uintptr(unsafe.Pointer(&basic)), unsafe.Sizeof(basic))
	if ok == 0 {
		return nil, fileState{}, &os.PathError{Op: "GetFileInformationByHandleEx", Path: file.Name(), Err: err}
	}
	return info, fileState{
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
	return statFile(file)
}
