//go:build unix && !linux

package artifact

import (
	"os"
	"syscall"
	"time"
)

func createNameless(dir string) (*os.File, error) { return createUnlinked(dir) }

// widenPipe does nothing: only Linux has pipes of a size to choose.
func widenPipe(*os.File) {}

func changeTime(sys *syscall.Stat_t) time.Time { return time.Unix(sys.Ctimespec.Unix()) }
