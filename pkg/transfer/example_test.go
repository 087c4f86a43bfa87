package transfer_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// exampleCache returns a client of a new, empty cache, and a directory to write
// to.
func exampleCache() (cache *client.Client, dir string, stop func()) {
	dir, err := os.MkdirTemp("", "artifact-example-")
	must(err)
	kept, err := store.Open(filepath.Join(dir, "cache"), store.Options{})
	must(err)
	tokens, err := server.NewTokens([]string{"secret"}, nil)
	must(err)
	listening := httptest.NewUnstartedServer(nil)
	listening.Config.Handler, err = server.New(kept, server.Options{Tokens: tokens, Addr: listening.Listener.Addr()})
	must(err)
	listening.Start()
	cache, err = client.New(client.Options{API: listening.URL, Token: "secret", Team: artifact.ParseTeam("my-team")})
	must(err)
	return cache, dir, func() {
		listening.Close()
		_ = kept.Close()
		_ = os.RemoveAll(dir)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A file goes up under the digest of its bytes, and comes back checked.
func Example() {
	ctx := context.Background()
	cache, dir, stop := exampleCache() // client.New makes one of yours
	defer stop()

	uploader := transfer.Uploader{Client: cache}
	result := uploader.Put(ctx, transfer.Input{Path: "../../testdata/hello.txt", Algorithm: "sha256"})
	if result.Err != nil {
		fmt.Println(result.Err)
		return
	}
	fmt.Println(result.Status, result.Size, result.ID)

	target, err := transfer.OpenTarget(filepath.Join(dir, "hello.txt"))
	if err != nil {
		fmt.Println(err)
		return
	}
	downloader := transfer.Downloader{Client: cache}
	got, err := downloader.Get(ctx, result.ID, nil, target)
	fmt.Println(got.Size, err, target.Close())
	// Output:
	// uploaded 21 96bf166edf03615c427414ace6163f93148dd3408ace1c6bcf36219455694384
	// 21 <nil> <nil>
}

// Many inputs go up several at a time, and their results come in their order.
func ExampleUploader_PutAll() {
	cache, dir, stop := exampleCache()
	defer stop()
	must(os.WriteFile(filepath.Join(dir, "a"), []byte("same"), 0o600))
	must(os.WriteFile(filepath.Join(dir, "b"), []byte("same"), 0o600))

	inputs := func(yield func(transfer.Input, error) bool) {
		for _, name := range []string{"a", "missing", "b"} {
			if !yield(transfer.Input{Path: filepath.Join(dir, name), Algorithm: "sha256"}, nil) {
				return
			}
		}
	}
	uploader := transfer.Uploader{Client: cache, SkipExisting: true}
	for result := range uploader.PutAll(context.Background(), inputs, transfer.Batch{Jobs: 4}) {
		fmt.Println(filepath.Base(result.Path), result.Status)
	}
	// Output:
	// a uploaded
	// missing failed
	// b skipped
}

// Verify compares what the cache holds with a file, and stores nothing.
func ExampleVerifier_Verify() {
	ctx := context.Background()
	cache, _, stop := exampleCache()
	defer stop()
	hello := transfer.Input{Path: "../../testdata/hello.txt", Algorithm: "sha256"}

	verifier := transfer.Verifier{Client: cache, Jobs: 1}
	fmt.Println(verifier.Verify(ctx, hello).Verdict)
	uploader := transfer.Uploader{Client: cache}
	uploader.Put(ctx, hello)
	fmt.Println(verifier.Verify(ctx, hello).Verdict)
	// Output:
	// missing
	// ok
}
