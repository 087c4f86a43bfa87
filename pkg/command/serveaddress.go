package command

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/server"
)

// serveTeam is the team of a local cache.
const serveTeam = "local"

// reachOptions are the flags for how clients reach a cache, and which ones may.
type reachOptions struct {
	listen string
	hosts  []string
	tls    tlsFiles
	tokens tokenFiles
}

func (o *reachOptions) register(flags *pflag.FlagSet) {
	o.listen = "127.0.0.1:0"
	parsedFlag(flags, &o.listen, "listen", "ADDRESS", "listen on this address; port 0 picks a free one (default "+o.listen+")", parseListen)
	parsedFlag(flags, &o.hosts, "host", "NAME", "answer to this name, with any port; repeatable", func(text string) ([]string, error) {
		names, err := parseHosts(text)
		return append(o.hosts, names...), err
	})
	readEnvironment(flags, "listen", "host")
	o.tls.register(flags)
	o.tokens.register(flags)
}

// parseListen refuses an empty address, as of a variable that is not set: it would
// mean all addresses.
func parseListen(text string) (string, error) {
	if text == "" {
		return "", errors.New("it is empty: give HOST:PORT, or :PORT for all addresses")
	}
	return text, nil
}

// names returns the names of the cache, the one to show first.
func (o *reachOptions) names() []string {
	if name := listenHost(o.listen); name != "" {
		return append(slices.Clone(o.hosts), name)
	}
	return o.hosts
}

// parseHosts parses the value of --host: one name, or several separated by commas.
func parseHosts(text string) (hosts []string, err error) {
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		host, err := server.ParseHost(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
		if err != nil {
			return nil, hostError(name, err)
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// hostError returns why text is not a name for --host, and what to write instead.
func hostError(text string, err error) error {
	rest := text
	if _, after, found := strings.Cut(text, "://"); found {
		rest = after
	}
	u, urlErr := url.Parse("//" + rest)
	switch {
	case text == "":
		return errors.New("it is empty: give a name such as cache.example.com")
	case strings.Contains(text, "*"):
		return fmt.Errorf("%q is a pattern: give each name with a --host of its own", text)
	case urlErr == nil && u.Hostname() != text:
		given := strconv.Quote(text)
		if u.User != nil { // with a password, perhaps
			given = "it"
		}
		if host, err := server.ParseHost(u.Hostname()); err == nil {
			return fmt.Errorf("%s is more than a name: write %s, which is accepted with any port", given, host)
		}
	}
	return fmt.Errorf("%q: %w, such as cache.example.com", text, err)
}

// listenReason returns why listening at an address failed.
func listenReason(err error) error {
	var address *net.AddrError
	var lookup *net.DNSError
	var failed *net.OpError
	var system syscall.Errno
	switch {
	case errors.As(err, &address):
		return fmt.Errorf("%q must be HOST:PORT, such as 127.0.0.1:8080: %s", address.Addr, address.Err)
	case errors.As(err, &lookup):
		return fmt.Errorf("%q: %s", strings.TrimPrefix(lookup.Name, "tcp/"), lookup.Err) // of a host, or of a port such as http
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return errors.New("this machine does not have that address")
	case errors.As(err, &failed) && errors.As(err, &system):
		return fmt.Errorf("%s: %w", failed.Addr, system)
	}
	return err
}

// listenHost returns the name in the value of --listen, or "".
func listenHost(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	name, err := server.ParseHost(host)
	if err != nil {
		return ""
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "" // an address needs no name
	}
	return name
}

// localAddress returns the address of a listener for a client on this machine:
// loopback in place of an unspecified address.
func localAddress(listening netip.AddrPort) string {
	if listening.Addr().IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", listening.Port())
	}
	return listening.String()
}

// publicAddress returns the address of a listener for clients on all machines that
// can reach it: with the first of its names, or else with one of this machine's
// own addresses.
func publicAddress(listening netip.AddrPort, names []string, own []netip.Addr) string {
	at := listening.Addr().WithZone("")
	switch {
	case at.IsLoopback():
	case len(names) > 0:
		return net.JoinHostPort(names[0], fmt.Sprint(listening.Port()))
	case at.IsUnspecified():
		for _, address := range own {
			if address.Is4() || at.Is6() {
				return netip.AddrPortFrom(address, listening.Port()).String()
			}
		}
		return localAddress(listening)
	}
	return netip.AddrPortFrom(at, listening.Port()).String()
}

// ownAddresses returns the addresses of this machine that others may reach, IPv4
// first.
func ownAddresses() (addresses []netip.Addr) {
	interfaces, _ := net.Interfaces() // without them, loopback is shown
	for _, each := range interfaces {
		if each.Flags&net.FlagUp == 0 {
			continue
		}
		nets, _ := each.Addrs()
		for _, address := range nets {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil && prefix.Addr().IsGlobalUnicast() {
				addresses = append(addresses, prefix.Addr())
			}
		}
	}
	slices.SortStableFunc(addresses, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return addresses
}

// addressOf returns the address of a listener.
func addressOf(listener net.Listener) netip.AddrPort {
	address, _ := netip.ParseAddrPort(listener.Addr().String()) // it is TCP
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}

// place is the URL and token of a running cache.
type place struct {
	api, token string
	madeUp     bool // the token was not given
}

// host returns the host of the URL.
func (p place) host() string {
	u, _ := url.Parse(p.api) // we made it
	return u.Hostname()
}

// variables returns the variables that point a program at the cache.
func (p place) variables(prefix string) []string {
	return []string{prefix + "API=" + p.api, prefix + "TOKEN=" + p.token, prefix + "TEAM=" + serveTeam}
}

// exports returns lines for a shell to source. A given token is known already, and
// lines may end up in a log.
func (p place) exports() string {
	var lines strings.Builder
	for _, variable := range p.variables("TURBO_") {
		name, value, _ := strings.Cut(variable, "=")
		if name != "TURBO_TOKEN" || p.madeUp {
			fmt.Fprintf(&lines, "export %s=%s\n", name, shellQuote(value))
		}
	}
	return lines.String()
}
