package usertext

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// ParseURL parses an absolute URL. Its errors say what is wrong and what to write
// instead, and repeat nothing that may be a password.
func ParseURL(raw string) (*url.URL, error) {
	parsed, err := url.Parse(raw)
	switch {
	case !strings.Contains(raw, "://") && (raw == "" || strings.Contains(raw, "@")):
		return nil, errors.New("it must begin with https:// or http://")
	case !strings.Contains(raw, "://"):
		return nil, fmt.Errorf("%q must begin with https:// or http://%s", raw, withScheme(raw))
	case err != nil && strings.Contains(raw, "@"):
		return nil, errors.New("it is not a valid URL; special characters in a password are written as %XX")
	case err != nil:
		return nil, fmt.Errorf("%q is not a valid URL, such as https://cache.example.com", raw)
	case parsed.Hostname() == "":
		return nil, errors.New("it names no host: write https://cache.example.com, for example")
	case !isPort(parsed.Port()):
		return nil, fmt.Errorf("there is no port %s: ports end at 65535", parsed.Port())
	}
	return parsed, nil
}

func isPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// withScheme is the end of a sentence that suggests a URL for a host without a
// scheme, or nothing for what is not a host.
func withScheme(raw string) string {
	parsed, err := url.Parse("http://" + raw)
	if err != nil || parsed.Hostname() == "" || !isPort(parsed.Port()) || strings.HasPrefix(raw, "http") {
		return ""
	}
	scheme := "https"
	if ip := net.ParseIP(parsed.Hostname()); parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		scheme = "http"
	}
	return ": write " + scheme + "://" + raw
}
