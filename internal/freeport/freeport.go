// Package freeport finds ports for servers of tests.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
)

// The ports are below the range from which systems assign ports, so no other test
// gets one of them for a listener or a connection.
const (
	lowest = 10_000
	count  = 22_000
)

// tried counts the ports. Each process starts at a random one.
var tried atomic.Uint32

func init() { tried.Store(rand.Uint32()) } //nolint:gosec // which need not be secret

// Find returns a port of 127.0.0.1 at which nothing listens. It does not return the
// same one again soon, so that a server may start there later, or several times.
func Find(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := lowest + int(tried.Add(1)%count)
		if listener, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
