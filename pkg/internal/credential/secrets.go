package credential

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// secretsFile holds the secrets that a user wanted in a file.
const secretsFile = "credentials.json"

// ErrExposed reports a file of secrets that users other than its owner can read.
var ErrExposed = errors.New("others can read it")

func (s *Store) secretsPath() string { return filepath.Join(s.dir, secretsFile) }

// readSecrets reads the file, but not through a link or if others can read it.
func (s *Store) readSecrets() (map[Origin]string, error) {
	path := s.secretsPath()
	var secrets map[Origin]string
	file, err := openPrivate(path)
	if err == nil {
		defer file.Close()
		err = jsonfile.ReadOpened(file, &secrets)
	}
	switch {
	case err != nil && !isAbsent(err):
		return nil, &FileError{"reading", path, err}
	case secrets == nil: // no file, or null in it
		return make(map[Origin]string), nil
	}
	return secrets, nil
}

func (s *Store) changeSecrets(apply func(map[Origin]string)) error {
	secrets, err := s.readSecrets()
	if err != nil {
		return err
	}
	apply(secrets)
	if len(secrets) == 0 {
		return s.removeSecrets()
	}
	return writeJSON(s.secretsPath(), secrets)
}

func (s *Store) removeSecrets() error {
	if err := os.Remove(s.secretsPath()); err != nil && !isAbsent(err) {
		return &FileError{"removing", s.secretsPath(), usertext.FileReason(err)}
	}
	return nil
}

// writeJSON replaces a file, or a link of that name, by one that only its owner can
// read.
func writeJSON(path string, document any) (err error) {
	defer func() {
		if err != nil {
			err = &FileError{"writing", path, usertext.FileReason(err)}
		}
	}()
	temp, err := tempfile.Create(path, filepath.Base(path)+".", 0o600)
	if err != nil {
		return err
	}
	defer tempfile.Remove(temp)
	encoder := json.NewEncoder(temp)
	encoder.SetIndent("", "  ")
	if err := errors.Join(encoder.Encode(document), temp.Sync()); err != nil {
		return err
	}
	return tempfile.Rename(temp, path)
}

// isAbsent reports whether the file or its directory does not exist.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isNoDirectory(err)
}
