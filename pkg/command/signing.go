package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// maxKeyFile is the most bytes of a file with a key. HMAC makes 32 of them.
const maxKeyFile = 64 << 10

// keyOptions are the flags of every command that signs or checks signatures.
type keyOptions struct{ file string }

func (o *keyOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.file, "signature-key-file", "", "`FILE` with the signature key, for you alone to read (default: "+settings.EnvSignatureKey+")")
	readsEnvironment(flags, "signature-key-file")
}

// signer is nil where there is no key, which is an error where the work tree
// wants artifacts signed: they would go out unsigned, or come in unchecked.
func (a *app) signer(o keyOptions, s settings.Settings) (*artifact.Signer, error) {
	key := s.SignatureKey
	if o.file != "" {
		var err error
		if key, err = readKey(o.file); err != nil {
			return nil, &settings.Error{Origin: "--signature-key-file", Err: err}
		}
		a.streams.redactor.Add(key.Reveal())
	}
	if key.IsEmpty() {
		return nil, s.CheckSignature()
	}
	signer := artifact.NewSigner([]byte(key.Reveal()), s.Team.ID)
	if signer.ShortKey() {
		a.warn(fmt.Sprintf("the signature key has fewer than %d bytes: turbo warns about it too, and will refuse it in its next major version", artifact.MinKeyLength))
	}
	return signer, nil
}

var errKeyForAll = errors.New("others can read it, and so sign in your name: chmod 600")

// readKey takes a key as $(cat FILE) would give it to turbo: without the
// newlines at its end.
func readKey(path string) (credential.Secret, error) {
	text, err := readPrivate(path, maxKeyFile)
	if errors.Is(err, errReadByOthers) {
		err = fmt.Errorf("%s: %w", path, errKeyForAll)
	}
	if err != nil {
		return credential.Secret{}, err
	}
	key := credential.NewSecret(strings.TrimRight(string(text), "\r\n"))
	if key.IsEmpty() {
		return credential.Secret{}, fmt.Errorf("%s: there is no key in it", path)
	}
	return key, nil
}

var errReadByOthers = errors.New("others can read it: chmod 600")

// readPrivate reads a small file of secrets, which must be the user's alone.
func readPrivate(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	// On Windows the mode tells nothing of who may read.
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s: %w", path, errReadByOthers)
	}
	return readOpened(file, limit)
}

// readOpened reads a file that has to be small.
func readOpened(file *os.File, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s has more than %s", file.Name(), ui.Size(limit))
	}
	return text, err
}
