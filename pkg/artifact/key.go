package artifact

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// keyDigits is the length of an id that [KeyID] derives. No digest is this short, so
// the id cannot be mistaken for one.
const keyDigits = 48

// KeyPart is one part of a key: a text, or the bytes of a file. [KeyText] and
// [KeyFile] make one.
type KeyPart struct {
	isFile bool
	value  string // the text, or the file's path
}

// KeyText returns a part that is a text, such as the name of the system that an
// artifact is built for.
func KeyText(text string) KeyPart { return KeyPart{false, text} }

// KeyFile returns a part that is the bytes of a regular file, such as a lock file.
// The file is read by [KeyID]; its name does not count.
func KeyFile(path string) KeyPart { return KeyPart{true, path} }

// KeyID derives an id from what an artifact is built from. Equal parts in the same
// order give the same id on every machine. The id is the first 48 hexadecimal
// digits, in lower case, of the SHA-256 of these bytes, for each part one after
// the other:
//
//   - the word "text" or "file"
//   - a NUL byte
//   - the length of the text or file in bytes, in decimal digits
//   - a NUL byte
//   - the text or the file's bytes, without any change
//
// So a shell can compute it:
//
//	{ printf 'text\0%d\0deps' 4; printf 'file\0%d\0' "$(wc -c <lock)"; cat lock; } | sha256sum | cut -c1-48
//
// Files are streamed. The error is an [*fs.PathError], which wraps [ErrChanged] for
// a file that changed while it was read, or the cause of ctx once that has ended.
func KeyID(ctx context.Context, parts ...KeyPart) (ID, error) {
	h := sha256.New()
	for _, part := range parts {
		var err error
		if part.isFile {
			err = addKeyFile(ctx, h, part.value)
		} else {
			beginKeyPart(h, "text", int64(len(part.value)))
			_, err = io.WriteString(h, part.value)
		}
		switch {
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case errors.As(err, new(*fs.PathError)):
			return "", err
		case err != nil:
			return "", &fs.PathError{Op: "read", Path: part.value, Err: err}
		}
	}
	return ID(hex.EncodeToString(h.Sum(nil))[:keyDigits]), nil
}

// addKeyFile adds a file to the hash of a key.
func addKeyFile(ctx context.Context, h hash.Hash, path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	source, err := OpenFile(ctx, path)
	if err != nil {
		return err
	}
	defer source.Close() // opened for reading
	return addToKey(ctx, h, source)
}

func addToKey(ctx context.Context, h hash.Hash, source *Source) error {
	beginKeyPart(h, "file", source.Size())
	whole := sha256.New() // of the file alone: Unchanged may have to compare it
	err := source.feed(ctx, []hash.Hash{h, whole}, nil)
	source.proofs = append(source.proofs, proof{sha256.New, whole})
	return cmp.Or(err, source.Unchanged(ctx))
}

func beginKeyPart(to io.Writer, kind string, size int64) { fmt.Fprintf(to, "%s\x00%d\x00", kind, size) }
