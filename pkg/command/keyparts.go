package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// keyParts are the values of --key and --key-file, in the order of the command
// line.
type keyParts []artifact.KeyPart

func (p *keyParts) register(flags *pflag.FlagSet) {
	parsedFlag(flags, p, "key", "TEXT", "id from this text; repeatable", p.withText)
	parsedFlag(flags, p, "key-file", "FILE", "id from this file; repeatable", p.withFile)
}

func (p *keyParts) withText(text string) (keyParts, error) {
	switch {
	case text == "":
		return nil, errors.New("the text is empty: check the variable that it comes from")
	case strings.ContainsRune(text, 0):
		return nil, fmt.Errorf("%q contains a NUL byte", text)
	}
	return append(*p, artifact.KeyText(text)), nil
}

func (p *keyParts) withFile(path string) (keyParts, error) {
	if path == "-" {
		return nil, errors.New(`standard input cannot be part of a key: use --key "$(cat)", or ./- for a file of that name`)
	}
	if _, err := parseFileName(path); err != nil {
		return nil, err
	}
	return append(*p, artifact.KeyFile(path)), nil
}

// id derives the id.
func (p *keyParts) id(ctx context.Context) (artifact.ID, error) {
	id, err := artifact.KeyID(ctx, *p...)
	if unread, ok := errors.AsType[*fs.PathError](err); ok {
		next := ""
		if errors.Is(err, artifact.ErrNotRegular) {
			next = `For what a command prints, use --key "$(COMMAND)".`
		}
		err = &usageError{fmt.Errorf("--key-file: reading %s: %w", unread.Path, usertext.FileReason(unread)), next}
	}
	return id, err
}

// resolve derives the id, unless there is no key. hash is the value of --hash.
func (p *keyParts) resolve(ctx context.Context, hash *artifact.ID) (err error) {
	switch {
	case len(*p) == 0:
		return nil
	case *hash != "":
		return usage("give --hash or a key, but not both")
	}
	*hash, err = p.id(ctx)
	return err
}
