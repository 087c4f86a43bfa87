//go:build !linux && !darwin

package store

import "os"

// allocate reserves space for size bytes, so that a full disk is detected before
// a body is read. NTFS allocates when a file grows; other file systems may not.
func allocate(file *os.File, size int64) error { return file.Truncate(size) }
