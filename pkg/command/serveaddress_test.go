package command

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestParseHosts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"cache":                             "cache",
		"Cache.Example.com.":                "cache.example.com",
		"a, b.example ,b\u00fccher.example": "a b.example xn--bcher-kva.example",
		"192.0.2.1,2001:DB8::1,[::1]":       "192.0.2.1 2001:db8::1 ::1",
		"":                                  "it is empty: give a name such as cache.example.com",
		"a,":                                "it is empty: give a name such as cache.example.com",
		"*.example.com":                     `"*.example.com" is a pattern: give each name with a --host of its own`,
		"cache:8080":                        `"cache:8080" is more than a name: write cache, which is accepted with any port`,
		"[2001:db8::1]:80":                  `"[2001:db8::1]:80" is more than a name: write 2001:db8::1, which is accepted with any port`,
		"https://cache.example.com":         `"https://cache.example.com" is more than a name: write cache.example.com, which is accepted with any port`,
		"http://u:s3cret@cache:80/x":        "it is more than a name: write cache, which is accepted with any port",
		"cache/path":                        `"cache/path" is more than a name: write cache, which is accepted with any port`,
		"a b":                               `"a b": it is neither a host name nor an address, such as cache.example.com`,
		"127.1":                             `"127.1": it is neither a host name nor an address, such as cache.example.com`,
		"fe80::1%eth0":                      `"fe80::1%eth0": it is neither a host name nor an address, such as cache.example.com`,
	} {
		hosts, err := parseHosts(text)
		got := strings.Join(hosts, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestServedAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		listening, names, own string
		public, local         string
	}{
		{"127.0.0.1:1", "", "192.0.2.1", "127.0.0.1:1", "127.0.0.1:1"},
		{"127.0.0.1:1", "cache", "192.0.2.1", "127.0.0.1:1", "127.0.0.1:1"},
		{"[::1]:1", "cache", "192.0.2.1", "[::1]:1", "[::1]:1"},
		{"0.0.0.0:1", "cache other", "192.0.2.1", "cache:1", "127.0.0.1:1"},
		{"0.0.0.0:1", "2001:db8::1", "192.0.2.1", "[2001:db8::1]:1", "127.0.0.1:1"},
		{"0.0.0.0:1", "", "2001:db8::1 192.0.2.1 192.0.2.2", "192.0.2.1:1", "127.0.0.1:1"},
		{"0.0.0.0:1", "", "2001:db8::1", "127.0.0.1:1", "127.0.0.1:1"},
		{"[::]:1", "", "192.0.2.1 2001:db8::1", "192.0.2.1:1", "127.0.0.1:1"},
		{"[::]:1", "", "2001:db8::1", "[2001:db8::1]:1", "127.0.0.1:1"},
		{"[::]:1", "", "", "127.0.0.1:1", "127.0.0.1:1"},
		{"192.0.2.9:1", "", "192.0.2.1", "192.0.2.9:1", "192.0.2.9:1"},
		{"192.0.2.9:1", "cache", "192.0.2.1", "cache:1", "192.0.2.9:1"},
		{"[fe80::1%eth0]:1", "", "192.0.2.1", "[fe80::1]:1", "[fe80::1%eth0]:1"},
	} {
		var own []netip.Addr
		for _, address := range strings.Fields(test.own) {
			own = append(own, netip.MustParseAddr(address))
		}
		listening := netip.MustParseAddrPort(test.listening)
		if got := publicAddress(listening, strings.Fields(test.names), own); got != test.public {
			t.Errorf("%+v: %s", test, got)
		}
		if got := localAddress(listening); got != test.local {
			t.Errorf("%+v: %s", test, got)
		}
	}
	for listen, want := range map[string]string{
		":8080": "", "0.0.0.0:80": "", "[::1]:80": "", "127.0.0.1:80": "", "localhost:0": "localhost", "Cache.internal.:80": "cache.internal", "nonsense": "", "127.1:80": "",
	} {
		if got := listenHost(listen); got != want {
			t.Errorf("--listen %s: %q, want %q", listen, got, want)
		}
	}
	addresses := ownAddresses()
	if slices.ContainsFunc(addresses, func(a netip.Addr) bool { return a.IsLoopback() || a.Zone() != "" }) {
		t.Error(addresses)
	}
}

// TestServeVariablesAreWithheld checks that the command of serve does not get what
// is for serve itself.
func TestServeVariablesAreWithheld(t *testing.T) {
	t.Parallel()
	serve, _, err := Tree().Find([]string{"serve"})
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{envServeToken + "=x", envServeReadToken + "=x"}
	serve.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if _, reads := flag.Annotations[environmentAnnotation]; reads && flag.Name != "allow-http" { // which clients have too
			environ = append(environ, variableOf(flag)+"=x")
		}
	})
	if len(environ) < 10 {
		t.Errorf("only %q", environ)
	}
	got := fmt.Sprint(childEnvironment(environ, nil, place{api: "http://[::1]:1", token: "t"}, "bin"))
	const want = "[PATH=bin NO_PROXY=::1 no_proxy=::1 ARTIFACT_API=http://[::1]:1 ARTIFACT_TOKEN=t ARTIFACT_TEAM=local " +
		"TURBO_API=http://[::1]:1 TURBO_TOKEN=t TURBO_TEAM=local]"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
