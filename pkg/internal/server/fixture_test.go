package server_test

import (
	"context"
	"errors"
	"io"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

var errDisk = errors.New("/private/path: input/output error")

// fake is a store of the functions that it has. Without them its disk fails.
type fake struct {
	put  func(key store.Key, size int64, metadata artifact.Metadata, body io.Reader) error
	get  func(key store.Key) (*store.Blob, error)
	stat func(key store.Key) (store.Entry, error)
}

// Put implements store.Store.
func (f fake) Put(_ context.Context, key store.Key, size int64, metadata artifact.Metadata, body io.Reader) error {
	if f.put == nil {
		return errDisk
	}
	return f.put(key, size, metadata, body)
}

// Get implements store.Store.
func (f fake) Get(_ context.Context, key store.Key) (*store.Blob, error) {
	if f.get == nil {
		return nil, errDisk
	}
	return f.get(key)
}

// Stat implements store.Store.
func (f fake) Stat(_ context.Context, key store.Key) (store.Entry, error) {
	if f.stat == nil {
		return store.Entry{}, errDisk
	}
	return f.stat(key)
}
