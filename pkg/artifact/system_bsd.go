//go:build unix && !linux

package artifact

import (
	"os"
	"syscall"
	"time"
)

func createUnnamed(dir string) (*os.File, error) { return createUnlinked(dir) }

// widenPipe does nothing: only Linux can change the size of a pipe.
func widenPipe(*os.File) {}

func changeTime(sys *syscall.Stat_t) time.Time { return time.Unix(sys.Ctimespec.Unix()) }
