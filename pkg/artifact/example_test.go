package artifact_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// An id is checked once.
func ExampleParseID() {
	id, err := artifact.ParseID("build-42")
	fmt.Println(id, err)
	_, err = artifact.ParseID("../secrets")
	fmt.Println(err != nil)
	// Output:
	// build-42 <nil>
	// true
}

// An artifact that is built from a lock file on one kind of system has the same id on
// every machine.
func ExampleKeyID() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	lock := filepath.Join(dir, "package-lock.json")
	if err := os.WriteFile(lock, []byte("lock\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	id, err := artifact.KeyID(context.Background(), artifact.KeyText("deps"), artifact.KeyFile(lock))
	fmt.Println(id, err)
	// Output: d5066acb74603f98f7ac1cd8bd9d52fec45321399f097534 <nil>
}

// A stream has no length before its end, and an upload needs one.
func ExampleSpool() {
	digest := sha256.New()
	source, err := artifact.Spool(context.Background(), strings.NewReader("hello\n"), artifact.SpoolOptions{Hash: digest})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	fmt.Printf("%d bytes, %x\n", source.Size(), digest.Sum(nil)[:4])
	// Output: 6 bytes, 5891b5b5
}

// A file may change while it is read. That is an error, not another artifact.
func ExampleSource_Unchanged() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "dist.tar.gz")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	source, err := artifact.OpenFile(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	fmt.Println(source.Unchanged(context.Background()))
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(source.Unchanged(context.Background()) != nil)
	// Output:
	// <nil>
	// true
}

// A signature depends on the key, the team's id, the artifact's id and its bytes,
// so that only owners of the key can replace the artifact.
func ExampleSigner() {
	signer := artifact.NewSigner([]byte("a key of at least thirty-two bytes"), "team_1")
	mac := signer.New(artifact.SchemeV2, "build-42", int64(len("hello\n")))
	fmt.Fprint(mac, "hello\n")
	fmt.Println(len(artifact.Tag(mac)))
	// Output: 44
}
