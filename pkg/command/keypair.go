package command

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// maxCertificates limits the size of a file with certificates or a key.
const maxCertificates = 8 << 20

var (
	errNoCertificate = errors.New("a key needs its certificate: give --client-cert FILE")
	errBinary        = errors.New("it is in a binary format (DER or PKCS #12); convert it to PEM: openssl x509 -inform der -in FILE (for a key openssl pkey, for PKCS #12 openssl pkcs12)")
	errEncryptedKey  = errors.New("its private key is encrypted, and artifact does not ask for a passphrase: openssl pkey -in FILE -out KEY")
)

// keyPairFlags are the names of the flags for a certificate and its key.
type keyPairFlags struct{ cert, key string }

// read reads a certificate and its key, which may be in the same file. A
// certificate that no peer could accept is an error.
func (f keyPairFlags) read(certFile, keyFile string) (*tls.Certificate, error) {
	failed := func(flag, path string, err error) error {
		return &settings.Error{Origin: flag, Err: fmt.Errorf("%s: %w", path, err)}
	}
	certs, err := usertext.ReadFile(certFile, maxCertificates)
	if err != nil {
		return nil, &settings.Error{Origin: f.cert, Err: err}
	}
	if err := checkWhole(certs); err != nil {
		return nil, failed(f.cert, certFile, err)
	}
	if !hasBlock(certs, "CERTIFICATE") {
		return nil, failed(f.cert, certFile, noBlockError(certs, "certificate"))
	}
	keyFlag := f.key
	if keyFile == "" {
		keyFile, keyFlag = certFile, f.cert
		if !hasBlock(certs, "PRIVATE KEY") {
			return nil, failed(keyFlag, certFile, errors.New("it contains no private key: name its file with "+f.key))
		}
	}
	key, err := readPrivate(keyFile, maxCertificates)
	switch {
	case err != nil:
		return nil, &settings.Error{Origin: keyFlag, Err: err}
	case isEncrypted(key):
		return nil, failed(keyFlag, keyFile, errEncryptedKey)
	case !hasBlock(key, "PRIVATE KEY"):
		return nil, failed(keyFlag, keyFile, noBlockError(key, "private key"))
	}
	pair, err := tls.X509KeyPair(certs, key)
	if err != nil {
		return nil, failed(keyFlag, keyFile, pairError(err, f.cert))
	}
	if err := checkDates(pair.Leaf, time.Now()); err != nil {
		return nil, failed(f.cert, certFile, err)
	}
	return &pair, nil
}

// pairError rewords an error of [tls.X509KeyPair], which has only text.
func pairError(err error, certFlag string) error {
	text := strings.TrimPrefix(err.Error(), "tls: ")
	if strings.Contains(text, "does not match") {
		text += ": its certificate must be the first one in " + certFlag
	}
	return errors.New(text)
}

// noBlockError returns why a file has no certificate or private key.
func noBlockError(text []byte, what string) error {
	var value asn1.RawValue
	if rest, err := asn1.Unmarshal(text, &value); err == nil && len(rest) == 0 {
		return errBinary
	}
	return fmt.Errorf("it contains no %s (a PEM block that begins with -----BEGIN)", what)
}

// checkWhole returns an error if a file has the beginning of a certificate that is
// not whole. Decoding would skip it, and peers would miss a part of the chain.
func checkWhole(text []byte) error {
	begun, whole := bytes.Count(text, []byte("-----BEGIN CERTIFICATE-----")), 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			whole++
		}
	}
	if whole < begun {
		return fmt.Errorf("it has the beginnings of %d certificates, but only %d can be read: is it complete, with each BEGIN and END on a line of its own?", begun, whole)
	}
	return nil
}

// hasBlock looks for a PEM block whose type ends in kind: there are several
// types of keys.
func hasBlock(text []byte, kind string) bool {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, kind) {
			return true
		}
	}
	return false
}

// isEncrypted recognizes encrypted keys in PKCS #8 and in the format of RFC
// 1421, section 4.6.1.1.
func isEncrypted(text []byte) bool {
	return bytes.Contains(text, []byte("BEGIN ENCRYPTED PRIVATE KEY")) || bytes.Contains(text, []byte("Proc-Type: 4,ENCRYPTED"))
}

func checkDates(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the certificate expired at %s: renew it", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the certificate is not valid before %s; this machine's clock says %s", leaf.NotBefore.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// certificateText describes a certificate by its name and expiry.
func certificateText(certificate *tls.Certificate) string {
	leaf := certificate.Leaf
	return cmp.Or(leaf.Subject.CommonName, leaf.Subject.String(), "without a name") + ", until " + leaf.NotAfter.UTC().Format(time.RFC3339)
}
