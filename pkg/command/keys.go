package command

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// maxKeyFile limits the size of a file with a key. HMAC reduces longer keys
// to 32 bytes.
const maxKeyFile = 64 << 10

// keyOptions are the flags of every command that signs or checks signatures.
type keyOptions struct{ file string }

func (o *keyOptions) register(flags *pflag.FlagSet) {
	fileFlag(flags, &o.file, "signature-key-file", "FILE", "signature key; must not be readable by others")
	readEnvironment(flags, "signature-key-file")
}

// signer returns the signer, or nil without a key. That is an error if the work
// tree requires signatures. A key in a file is read as $(cat FILE) would pass it to
// turbo: without trailing newlines.
func (a *app) signer(o keyOptions, s settings.Settings) (*artifact.Signer, error) {
	key := s.SignatureKey
	if o.file != "" {
		text, err := readPrivate(o.file, maxKeyFile)
		key = credential.NewSecret(strings.TrimRight(string(text), "\r\n"))
		if err == nil && key.IsEmpty() {
			err = fmt.Errorf("%s: it contains no key", o.file)
		}
		if err != nil {
			return nil, &settings.Error{Origin: "--signature-key-file", Err: err}
		}
		a.hide(key.Reveal())
	} else if value := key.Reveal(); usertext.Clean(value) != value {
		a.warn(settings.EnvSignatureKey + " has white space or a byte order mark around it, which is part of the key, as for turbo")
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
