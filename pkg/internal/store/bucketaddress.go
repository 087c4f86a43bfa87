package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// BucketAddress is where a [Bucket] is.
type BucketAddress struct {
	Bucket string
	// Prefix begins the name of every object. It is empty, or ends in a slash.
	Prefix string
	// Endpoint is the server's URL, without a path; nil for Amazon's servers.
	Endpoint *url.URL
	Region   string // empty if not given
}

// maxPrefix leaves room for the longest name in the 1,024 bytes of an object's.
const maxPrefix = 512

// ParseBucket parses an address such as
// s3://BUCKET/PREFIX?endpoint=https://s3.example.com&region=eu-central-1. All but
// the bucket may be left out.
func ParseBucket(text string) (BucketAddress, error) {
	u, err := url.Parse(text)
	if err != nil {
		return BucketAddress{}, errAddress // the error would show a password
	}
	a := BucketAddress{Bucket: u.Host}
	switch {
	case u.Scheme != "s3" || u.Opaque != "":
		return BucketAddress{}, errAddress
	case u.User != nil:
		return BucketAddress{}, errors.New("it must not contain keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return BucketAddress{}, errors.New("it must not contain #")
	}
	if err := s3utils.CheckValidBucketNameStrict(a.Bucket); err != nil {
		return BucketAddress{}, fmt.Errorf("%q is not the name of a bucket: %w", a.Bucket, err)
	}
	if a.Prefix, err = parsePrefix(u.Path); err != nil {
		return BucketAddress{}, err
	}
	return a, a.parseQuery(u.RawQuery)
}

var errAddress = errors.New("it must have the form s3://BUCKET/PREFIX?endpoint=URL&region=REGION")

// parsePrefix returns a path without its first slash and with one at its end.
func parsePrefix(path string) (string, error) {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return "", nil
	}
	prefix := strings.TrimSuffix(path, "/")
	if len(prefix) > maxPrefix {
		return "", fmt.Errorf("its prefix has %d bytes; at most %d are allowed", len(prefix), maxPrefix)
	}
	// Other characters are encoded differently by different servers.
	if at := strings.IndexFunc(prefix, func(r rune) bool { return !isPrefixRune(r) }); at >= 0 {
		return "", fmt.Errorf("its prefix %q has a character other than letters, digits and / ! - _ . * ' ( )", prefix)
	}
	for segment := range strings.SplitSeq(prefix, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("its prefix %q has a part %q", path, segment)
		}
	}
	return prefix + "/", nil
}

func isPrefixRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/!-_.*'()", r)
}

func (a *BucketAddress) parseQuery(text string) error {
	query, err := url.ParseQuery(text)
	if err != nil {
		return errors.New("its query is not encoded correctly")
	}
	for name, values := range query {
		switch {
		case !slices.Contains([]string{"endpoint", "region"}, name):
			return fmt.Errorf("unknown parameter %q; there are endpoint and region", name)
		case len(values) > 1:
			return fmt.Errorf("it gives %s more than once", name)
		case values[0] == "":
			return fmt.Errorf("its %s is empty", name)
		}
	}
	if a.Region = query.Get("region"); strings.Trim(a.Region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return fmt.Errorf("%q is not a region", a.Region)
	}
	if endpoint := query.Get("endpoint"); endpoint != "" {
		a.Endpoint, err = parseEndpoint(endpoint)
	}
	return err
}

// parseEndpoint parses the URL of a server, without path, and returns it with the
// host that is dialled.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, errors.New("its endpoint must be a URL such as https://s3.example.com:9000")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.TrimSuffix(u.Path, "/") != "" {
		return nil, errors.New("its endpoint must be a URL without user, path, query and fragment")
	}
	if u, err = origin.ASCII(u); err != nil {
		return nil, fmt.Errorf("its endpoint: %w", err)
	}
	u.Path = ""
	return u, nil
}

// IsPlain reports whether artifacts would leave this machine without encryption.
func (a BucketAddress) IsPlain() bool {
	if a.Endpoint == nil || a.Endpoint.Scheme != "http" {
		return false
	}
	host := a.Endpoint.Hostname()
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// String returns the address for messages.
func (a BucketAddress) String() string { return "s3://" + a.Bucket + "/" + a.Prefix }

// server returns what minio-go calls an endpoint, and whether it speaks TLS.
func (a BucketAddress) server() (host string, secure bool) {
	if a.Endpoint == nil {
		return "s3.amazonaws.com", true
	}
	return a.Endpoint.Host, a.Endpoint.Scheme == "https"
}
