// Package origin compares servers in the form in which they are dialled: ASCII,
// after IDNA. Start at [Of]; [Same] compares two URLs, and [Host] converts a
// name.
package origin

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The errors of this package. They do not contain the host, which is not trusted.
var (
	// ErrHost reports a host that cannot be dialled.
	ErrHost = errors.New("its host is not a valid name or address")
	// ErrPort reports a port that cannot be dialled.
	ErrPort = errors.New("its port is not a number from 0 to 65535")
)

// Of returns the origin of a URL (RFC 6454, section 4), such as
// "https://api.vercel.com:443". It fails if the host or port cannot be dialled.
func Of(u *url.URL) (string, error) {
	host, err := Host(u.Hostname())
	if err != nil {
		return "", err
	}
	scheme := strings.ToLower(u.Scheme)
	port, err := portOf(scheme, u.Port())
	if err != nil {
		return "", err
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// Same reports whether two URLs have the same origin. It returns false if either
// has none.
func Same(a, b *url.URL) bool {
	if a == nil || b == nil {
		return false
	}
	one, err := Of(a)
	other, otherErr := Of(b)
	return err == nil && otherErr == nil && one == other
}

// Host returns a name or address in lower-case ASCII, as net/http dials it.
func Host(name string) (string, error) {
	name, err := toASCII(name)
	if err != nil {
		return "", err
	}
	if address, err := netip.ParseAddr(name); err == nil {
		return address.String(), nil // the zone of an address keeps its case
	}
	return strings.ToLower(name), nil
}

// ASCII returns u with its host in the form that is dialled, so that no later
// code can read it differently.
func ASCII(u *url.URL) (*url.URL, error) {
	host, err := toASCII(u.Hostname())
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port != "" {
		if _, err := portOf(u.Scheme, port); err != nil {
			return nil, err
		}
	}
	if host == u.Hostname() { // an address keeps its brackets
		return u, nil
	}
	ascii := *u
	if ascii.Host = host; port != "" {
		ascii.Host = net.JoinHostPort(host, port)
	}
	return &ascii, nil
}

func toASCII(name string) (string, error) {
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", ErrHost
		}
		name = ascii
	}
	_, err := netip.ParseAddr(name)
	// A soft hyphen alone becomes an empty name, which dials this machine.
	if name == "" || err != nil && strings.ContainsAny(name, "[]:%") {
		return "", ErrHost
	}
	return name, nil
}

// portOf returns a port without leading zeros, or the scheme's default.
func portOf(scheme, text string) (string, error) {
	switch {
	case text == "" && scheme == "http":
		return "80", nil
	case text == "" && scheme == "https":
		return "443", nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", ErrPort
	}
	return strconv.FormatUint(port, 10), nil
}
