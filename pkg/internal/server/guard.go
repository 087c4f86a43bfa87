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

// goesBy reports whether a Host header names the server. A web page whose name
// resolves to this machine (DNS rebinding) would send that name.
func (s *Server) goesBy(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "80" // the scheme's own
	}
	if name, err = origin.Host(name); err != nil || cmp.Or(port, "80") != fmt.Sprint(s.addr.Port()) {
		return false
	}
	own := s.addr.Addr()
	if name == "localhost" {
		return own.IsLoopback() || own.IsUnspecified()
	}
	// A literal address cannot be made to mean another one, so that where the
	// server listens on all of the machine's, each will do.
	literal, err := netip.ParseAddr(name)
	return err == nil && (own.IsUnspecified() || literal.Unmap() == own)
}
