package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// maxHost is the maximum length of a name in DNS (RFC 1035, section 2.3.4).
const maxHost = 253

// ErrHost is returned by [ParseHost].
var ErrHost = errors.New("it is neither a host name nor an address")

// ParseHost returns a host name in lower-case ASCII without a dot at its end, or
// an IP address in its canonical form. It fails for a port, a pattern, an address
// with a zone, and for names that clients would turn into an address, such as
// 127.1.
func ParseHost(text string) (string, error) {
	name, err := origin.Host(text)
	if err != nil {
		return "", ErrHost
	}
	if address, err := netip.ParseAddr(name); err == nil {
		if address.Zone() != "" {
			return "", ErrHost
		}
		return address.Unmap().String(), nil
	}
	name = strings.TrimSuffix(name, ".")
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool { return !isHostByte(r) }) {
			return "", ErrHost
		}
	}
	if len(name) > maxHost || isNumber(labels[len(labels)-1]) {
		return "", ErrHost
	}
	return name, nil
}

// isHostByte accepts underscores, which Docker and Windows have in names.
func isHostByte(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// isNumber reports whether a name with this last label is an IPv4 address to
// browsers (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func isNumber(label string) bool {
	digits := "0123456789"
	if hex, found := strings.CutPrefix(label, "0x"); found {
		label, digits = hex, "0123456789abcdef"
	}
	return strings.Trim(label, digits) == ""
}

// checkHost refuses a Host header that does not name this server. A web page
// whose name resolves to this machine (DNS rebinding) would send that name. It
// cannot change a literal address.
func (s *Server) checkHost(host string) error {
	name, err := hostOf(host)
	if err != nil {
		return refuse(http.StatusMisdirectedRequest, "misdirected_request", "The request's Host is neither a host name nor an address.")
	}
	if _, err := netip.ParseAddr(name); err == nil || s.hosts[name] {
		return nil
	}
	return refuse(http.StatusMisdirectedRequest, "misdirected_request",
		fmt.Sprintf("This server is not known as %q; start it with --host %s.", name, name))
}

// hostOf returns the host in a Host header, as [ParseHost] does.
func hostOf(header string) (string, error) {
	u, err := url.Parse("//" + header)
	if err != nil || u.Host != header || strings.HasPrefix(header, "[") != strings.Contains(u.Hostname(), ":") {
		return "", ErrHost // or it has a user, a path, or no brackets around IPv6
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil && u.Port() != "" {
		return "", ErrHost
	}
	return ParseHost(u.Hostname())
}
