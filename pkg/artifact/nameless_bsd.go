//go:build unix && !linux

package artifact

import "os"

func createNameless(dir string) (*os.File, error) { return createUnlinked(dir) }
