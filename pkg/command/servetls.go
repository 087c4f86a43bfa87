package command

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"slices"
	"sync/atomic"

	"github.com/spf13/pflag"
)

// tlsFiles are the flags for the certificate of a cache.
type tlsFiles struct{ cert, key string }

func (o *tlsFiles) register(flags *pflag.FlagSet) {
	fileFlag(flags, &o.cert, "tls-cert", "FILE", "serve https with this certificate chain in PEM format")
	fileFlag(flags, &o.key, "tls-key", "FILE", "its private key in PEM format; must not be readable by others")
	readEnvironment(flags, "tls-cert", "tls-key")
}

// check refuses flags that cannot be used together or with the command.
func (o *tlsFiles) check(command []string) error {
	switch {
	case o.cert == "" && o.key == "":
		return nil
	case o.key == "":
		return usage("--tls-cert needs its private key: give --tls-key FILE")
	case o.cert == "":
		return usage("--tls-key needs its certificate: give --tls-cert FILE")
	case len(command) > 0:
		return usage("--tls-cert does not go with a command, which uses http on this machine: leave it out")
	}
	return nil
}

// scheme returns the scheme of the cache's URL.
func (o *tlsFiles) scheme() string {
	if o.cert != "" {
		return "https://"
	}
	return "http://"
}

func (o *tlsFiles) read() (*tls.Certificate, error) {
	return keyPairFlags{"--tls-cert", "--tls-key"}.read(o.cert, o.key)
}

func (o *tlsFiles) checkRegular() error {
	return cmp.Or(checkRegular("--tls-cert", o.cert), checkRegular("--tls-key", o.key))
}

// cacheCertificate is the certificate of a cache.
type cacheCertificate struct {
	files   tlsFiles
	current atomic.Pointer[tls.Certificate]
}

// open reads the certificate.
func (o *tlsFiles) open() (*cacheCertificate, error) {
	pair, err := o.read()
	if err != nil {
		return nil, err
	}
	c := &cacheCertificate{files: *o}
	c.current.Store(pair)
	return c, nil
}

// reload implements [reloadable].
func (c *cacheCertificate) reload() (note string, err error) {
	if err := c.files.checkRegular(); err != nil {
		return "", err
	}
	after, err := c.files.read()
	if err != nil || slices.EqualFunc(c.current.Load().Certificate, after.Certificate, bytes.Equal) {
		return "", err
	}
	c.current.Store(after)
	return "read the certificate again: " + certificateText(after), nil
}
