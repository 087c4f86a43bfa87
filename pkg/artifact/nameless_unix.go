//go:build unix

package artifact

import "os"

// createUnlinked makes a file whose name is removed at once.
func createUnlinked(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "artifact-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
