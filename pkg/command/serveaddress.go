package command

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// serveTeam is the team of a local cache.
const serveTeam = "local"

// listenReason returns why listening at an address failed.
func listenReason(err error) error {
	var address *net.AddrError
	var failed *net.OpError
	var system syscall.Errno
	switch {
	case errors.As(err, &address):
		return fmt.Errorf("%q must be HOST:PORT, such as 127.0.0.1:8080: %s", address.Addr, address.Err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return errors.New("this machine does not have that address")
	case errors.As(err, &failed) && errors.As(err, &system):
		return fmt.Errorf("%s: %w", failed.Addr, system)
	}
	return err
}

// reachable returns an address that a client on this machine can use:
// loopback in place of an unspecified one.
func reachable(listening net.Addr) string {
	tcp, ok := listening.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return listening.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

// place is the URL and token of a running cache.
type place struct{ api, token string }

// variables returns the variables that point a program at the cache.
func (p place) variables(prefix string) []string {
	return []string{prefix + "API=" + p.api, prefix + "TOKEN=" + p.token, prefix + "TEAM=" + serveTeam}
}

// exports returns lines for a shell to source.
func (p place) exports() string {
	var lines strings.Builder
	for _, variable := range p.variables("TURBO_") {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&lines, "export %s=%s\n", name, shellQuote(value))
	}
	return lines.String()
}
