package client_test

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"syscall"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/command"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestNobodyAccepts connects to a full listen queue: Linux then drops packets,
// like a firewall.
func TestNobodyAccepts(t *testing.T) {
	t.Parallel()
	socket := must.Get(syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0))(t)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	must.Do(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must.Do(t, syscall.Listen(socket, 0))
	name := must.Get(syscall.Getsockname(socket))(t)
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 2 { // they fill the queue
		if conn, err := net.DialTimeout("tcp", address, limit); err == nil {
			t.Cleanup(func() { conn.Close() })
		}
	}
	c := newClient(t, "http://"+address, impatientOptions, func(o *client.Options) { o.Retries = 1 })
	_, err := put(t, c, "bytes")
	failed := new(client.Error)
	want := regexp.MustCompile(`^uploading abc: dial tcp .*: i/o timeout$`)
	if !want.MatchString(fmt.Sprint(err)) || !errors.As(err, &failed) || failed.Attempts != 2 || command.ExitCode(err) != 9 {
		t.Errorf("%v after %d tries, want %q after 2", err, failed.Attempts, want)
	}
}
