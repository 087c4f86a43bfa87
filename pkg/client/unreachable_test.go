package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/command"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestUnresolvable has a name that no resolver needs to be asked for: a label
// is at most 63 bytes long (RFC 1035, section 2.3.4).
func TestUnresolvable(t *testing.T) {
	t.Parallel()
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			name := strings.Repeat("x", 64) + ".invalid"
			tries := 1
			c := newClient(t, "https://"+name, func(o *client.Options) {
				o.Retries, o.OnRetry = 2, func(client.Retry) { tries++ }
			})
			client.SkipPausesForTest(c)
			err := call.make(t, c, nil)
			var unresolved *net.DNSError
			want := call.doing + ": dial tcp: lookup " + name + ": no such host"
			if !errors.As(err, &unresolved) || err.Error() != want || tries != 3 || command.ExitCode(err) != 9 {
				t.Errorf("%d tries, %v, want %q", tries, err, want)
			}
		})
	}
}

// TestResolversThatFail asks real ones: what each says may pass.
func TestResolversThatFail(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]byte{"SERVFAIL": 2, "NXDOMAIN": 3, "silence": 0xff} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := must.Get(net.ListenPacket("udp", "127.0.0.1:0"))(t)
			t.Cleanup(func() { server.Close() })
			go answerQuestions(server, code)
			resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
			}}
			dialer := net.Dialer{Resolver: resolver, Timeout: limit}
			_, err := dialer.DialContext(t.Context(), "tcp", "cache.invalid.:443")
			var unresolved *net.DNSError
			if !errors.As(err, &unresolved) {
				t.Fatalf("error %v, want a *net.DNSError", err)
			}
			failed := &client.Error{Doing: "uploading", Err: err}
			if !client.MayPassForTest(failed) || command.ExitCode(failed) != 9 {
				t.Errorf("%v: exit %d, and it is not tried again", err, command.ExitCode(failed))
			}
		})
	}
}

// answerQuestions answers each with a code, or not at all where that is none.
func answerQuestions(server net.PacketConn, code byte) {
	for packet := make([]byte, 512); ; {
		n, from, err := server.ReadFrom(packet)
		if err != nil {
			return
		}
		if code > 15 || n < 12 {
			continue
		}
		packet[2], packet[3] = packet[2]|0x80, 0x80|code // an answer (RFC 1035, section 4.1.1)
		if _, err := server.WriteTo(packet[:n], from); err != nil {
			return
		}
	}
}

// TestRefusedConnections has nobody listen, at first or for good.
func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	for method, call := range calls {
		for _, always := range []bool{false, true} {
			cache := startFaultyCache(t, false)
			content := noise(small)
			if method != http.MethodPut {
				cache.fill(t, content)
			}
			closed := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
			closed.Close()
			tries := 1
			c := newClient(t, "http://"+closed.Addr().String(), func(o *client.Options) {
				o.Retries = 2
				o.OnRetry = func(client.Retry) {
					if tries++; !always && tries == 2 {
						startNetwork(t, closed.Addr().String(), cache.address, through(nil, nil), 0)
					}
				}
			})
			client.SkipPausesForTest(c)
			err := call.make(t, c, content)
			held, wants := cache.holds(t, content), whole
			if always && method == http.MethodPut {
				wants = nothing
			}
			if held != wants {
				t.Errorf("%s: the server holds %s", method, held)
			}
			message := call.doing + ": dial tcp " + closed.Addr().String() + ": connect: connection refused"
			switch {
			case always && (err == nil || err.Error() != message || tries != 3 || command.ExitCode(err) != 9):
				t.Errorf("%s: %d tries, %v, want %q", method, tries, err, message)
			case !always && (err != nil || tries != 2):
				t.Errorf("%s: %d tries, %v, want success at the second", method, tries, err)
			}
		}
	}
}
