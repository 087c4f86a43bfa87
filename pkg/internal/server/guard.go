package server

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// authorized reports whether r carries the token. It compares digests in constant
// time, so that its own time gives nothing away.
func (s *Server) authorized(r *http.Request) bool {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	got := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(got[:], s.token[:]) == 1
}

// hosts are the names that a request may ask for. A web page whose name resolves
// to this machine (DNS rebinding) would ask for that name.
type hosts struct {
	addr  netip.AddrPort  // may be invalid
	named map[string]bool // as name:port, the port empty for any
}

func newHosts(addr net.Addr, named []string) (hosts, error) {
	h := hosts{named: make(map[string]bool)}
	if addr != nil {
		parsed, err := netip.ParseAddrPort(addr.String())
		if err != nil {
			return hosts{}, fmt.Errorf("the server's address: %w", err)
		}
		h.addr = netip.AddrPortFrom(parsed.Addr().Unmap().WithZone(""), parsed.Port())
	}
	for _, name := range named {
		host, port, err := splitHost(name)
		if err != nil {
			return hosts{}, fmt.Errorf("the host name %q: %w", name, err)
		}
		h.named[host+":"+port] = true
	}
	if !h.addr.IsValid() && len(named) == 0 {
		return hosts{}, errors.New("a server needs an address or a host name")
	}
	return h, nil
}

// allow reports whether host, the value of a Host header, is allowed.
func (h hosts) allow(host string) bool {
	name, port, err := splitHost(host)
	if err != nil {
		return false
	}
	port = cmp.Or(port, "80") // the scheme's own
	if h.named[name+":"] || h.named[name+":"+port] {
		return true
	}
	if !h.addr.IsValid() || port != fmt.Sprint(h.addr.Port()) {
		return false
	}
	own := h.addr.Addr()
	if name == "localhost" {
		return own.IsLoopback() || own.IsUnspecified()
	}
	// A literal address cannot be made to mean another one, so that where the
	// server listens on all of the machine's, each will do.
	literal, err := netip.ParseAddr(name)
	return err == nil && (own.IsUnspecified() || literal.Unmap() == own)
}

// splitHost returns a host's name in the form that clients dial, and its port or
// "".
func splitHost(host string) (name, port string, err error) {
	if name, port, err = net.SplitHostPort(host); err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ""
	}
	name, err = origin.Host(name)
	return name, port, err
}
