package client_test

import (
	"net/http/httptest"
	"os"

	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

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
	listening := httptest.NewUnstartedServer(nil)
	listening.Config.Handler, err = server.New(kept, server.Options{Token: "secret", Addr: listening.Listener.Addr()})
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
