package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// Put uploads, and Get downloads what is there.
func Example() {
	ctx := context.Background()
	address, stop := startCache() // a cache of the example's own
	defer stop()

	cache, err := client.New(client.Options{
		API:     address,
		Token:   "secret",
		Team:    artifact.ParseTeam("my-team"),
		Retries: client.DefaultRetries,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = cache.Put(ctx, client.Upload{ID: "build-42", Source: artifact.FromBytes([]byte("hello\n"))})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = cache.Get(ctx, client.Download{ID: "build-42", Receive: func(_ client.Found, body io.Reader) error {
		_, err := io.Copy(os.Stdout, body)
		return err
	}})
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}

// Errors are distinguished by type, not by text.
func ExampleError() {
	address, stop := startCache()
	defer stop()
	cache, err := client.New(client.Options{API: address, Token: "wrong"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = cache.Put(context.Background(), client.Upload{ID: "build-42", Source: artifact.FromBytes(nil)})
	if failed := (*client.Error)(nil); errors.As(err, &failed) {
		fmt.Println(failed.Status, failed.Doing, failed.ID)
	}
	// Output: 401 uploading build-42
}

// Stat asks without fetching.
func ExampleClient_Stat() {
	address, stop := startCache()
	defer stop()
	cache, err := client.New(client.Options{API: address, Token: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = cache.Stat(context.Background(), "never-built")
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output: true
}

// startCache runs a cache whose token is secret until stop is called.
func startCache() (address string, stop func()) {
	dir, err := os.MkdirTemp("", "artifact-example-")
	if err != nil {
		panic(err)
	}
	kept, err := store.Open(dir, store.Options{})
	if err != nil {
		panic(err)
	}
	tokens, err := server.NewTokens([]string{"secret"}, nil)
	if err != nil {
		panic(err)
	}
	listening := httptest.NewUnstartedServer(nil)
	listening.Config.Handler, err = server.New(kept, server.Options{Tokens: tokens, Addr: listening.Listener.Addr()})
	if err != nil {
		panic(err)
	}
	listening.Start()
	return listening.URL, func() {
		listening.Close()
		_ = kept.Close()
		_ = os.RemoveAll(dir)
	}
}
