// Outsider uploads a file, verifies it and downloads it again, from a module of
// its own:
//
//	outsider API ALGORITHM FILE OUTPUT
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// dots shows progress as one dot a call.
type dots struct{}

func (dots) Hashed(n, size int64)   { fmt.Fprint(os.Stderr, "h") }
func (dots) Sent(n, size int64)     { fmt.Fprint(os.Stderr, "s") }
func (dots) Received(n, size int64) { fmt.Fprint(os.Stderr, "r") }

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, api, algorithmName, file, output string) error {
	algorithm, err := transfer.ParseAlgorithm(algorithmName)
	if err != nil {
		return err
	}
	cache, err := client.New(client.Options{API: api, Token: os.Getenv("TOKEN"), Retries: client.DefaultRetries})
	if err != nil {
		return err
	}
	input := transfer.Input{Path: file, Algorithm: algorithm}

	uploader := transfer.Uploader{Client: cache, Progress: dots{}}
	uploaded := uploader.Put(ctx, input)
	if uploaded.Err != nil {
		return uploaded.Err
	}
	fmt.Println(uploaded.Status, uploaded.ID, uploaded.Size)

	verifier := transfer.Verifier{Client: cache, Jobs: 1, Progress: dots{}}
	verified := verifier.Verify(ctx, input)
	if verified.Err != nil {
		return verified.Err
	}
	fmt.Println(verified.Verdict)

	target, err := transfer.OpenTarget(output)
	if err != nil {
		return err
	}
	defer target.Close()
	downloader := transfer.Downloader{Client: cache, Progress: dots{}}
	downloaded, err := downloader.Get(ctx, uploaded.ID, []transfer.Algorithm{algorithm}, target)
	if err != nil {
		return err
	}
	fmt.Println("downloaded", downloaded.Size)
	return nil
}
