package server

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// authorized reports whether r has the token, in constant time.
func (s *Server) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got := sha256.Sum256([]byte(token))
	return len(r.Header["Authorization"]) == 1 && strings.EqualFold(scheme, "Bearer") &&
		subtle.ConstantTimeCompare(got[:], s.token[:]) == 1
}

// hasName reports whether a Host header names the server. A web page whose name
// resolves to this machine (DNS rebinding) would send that name.
func (s *Server) hasName(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "80" // the scheme's default
	}
	if name, err = origin.Host(name); err != nil || cmp.Or(port, "80") != fmt.Sprint(s.addr.Port()) {
		return false
	}
	own := s.addr.Addr()
	if name == "localhost" {
		return own.IsLoopback() || own.IsUnspecified()
	}
	// DNS rebinding cannot change a literal address, so a server that listens on
	// all addresses accepts any.
	literal, err := netip.ParseAddr(name)
	return err == nil && (own.IsUnspecified() || literal.Unmap() == own)
}
