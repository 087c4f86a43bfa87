package command

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"unicode"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// hint returns the next step after an error, or nothing.
func hint(err error) string {
	answered, isAnswered := errors.AsType[*client.Error](err)
	unidentified, isUnidentified := errors.AsType[*identity.Error](err)
	usage, isUsage := errors.AsType[*usageError](err)
	input, isInput := errors.AsType[*transfer.InputError](err)
	closed, isClosed := errors.AsType[*closedError](err)
	switch {
	case isUnidentified:
		return identityHint(unidentified)
	case isUnauthorized(err):
		return credentialHint(err)
	case errors.Is(err, artifact.ErrChanged) && isAnswered:
		return "The cache does not have it. Run the upload again when nothing writes to the file."
	case errors.Is(err, artifact.ErrChanged):
		return "Run it again when nothing writes to the file."
	case errors.Is(err, client.ErrPlainHTTP):
		return "Use https://, or --allow-http if the network is trusted."
	case errors.Is(err, client.ErrProxyAddress):
		return "Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with special characters as %XX."
	case is[*artifact.SpoolError](err):
		return "Set TMPDIR to a directory with room for the whole stream."
	case errors.Is(err, transfer.ErrDirectory) && isInput:
		dir := shellQuote(notAFlag(input.Path))
		return fmt.Sprintf("Pack it: tar -cf - %s | zstd | artifact put -\nOr upload each file in it: artifact put -r %s", dir, dir)
	case errors.Is(err, transfer.ErrEmpty):
		return "Name a FILE, or use - to upload an empty standard input."
	case isClosed:
		return closedHints[api.CodeCachePrefix+string(closed.status)]
	case errors.Is(err, client.ErrNotFound):
		return "Check the id, --team and --api. Vercel keeps artifacts for 7 days, and other caches for as long as they have room."
	case is[*transfer.Mismatch](err):
		return mismatchHint(err)
	case is[*outputError](err) && errors.Is(err, os.ErrClosed):
		return "Standard output is closed. To discard results, use >/dev/null; in Python, stdout=open(os.devnull, \"w\")."
	case isUsage && usage.next != "":
		return usage.next
	case isAnswered:
		return answerHint(answered)
	}
	return ""
}

// mismatchHint returns the next step for an artifact that is not what it
// should be.
func mismatchHint(err error) string {
	switch {
	case errors.Is(err, transfer.ErrNotKept):
		return "turborepo-remote-cache with a signature key accepts an unsigned upload but never returns it.\n" +
			"Set the same key here (" + settings.EnvSignatureKey + ")."
	case errors.Is(err, transfer.ErrWrongDigest):
		return "If this id is a key, not a digest, use --algorithm none."
	case errors.Is(err, transfer.ErrSignatureLost):
		return "turbo with a signature key treats it as a miss.\nturborepo-remote-cache keeps signatures only with a signature key of its own."
	case errors.Is(err, transfer.ErrUnsigned):
		return "turbo with a signature key treats it as a miss: upload it again with the key.\n" +
			"If it was signed, this server does not keep signatures: check with put --verify."
	case errors.Is(err, transfer.ErrBadSignature):
		return "turbo treats it as a miss. Check that it was signed with this key and team id.\nA team slug is not signed."
	case errors.Is(err, transfer.ErrEmptySignature):
		return "Every turbo treats it as a miss. Build and upload it again with a later turbo."
	case errors.Is(err, transfer.ErrOldSignature):
		return "Upload it again with --signature-version v2, or with turbo 2.9.18 or later."
	case errors.Is(err, transfer.ErrUnproven):
		return "If the server always answers this way, use --allow-unproven."
	case errors.Is(err, transfer.ErrUnverifiable):
		return "Name the FILE to compare it with, or set the signature key."
	}
	return ""
}

// networkHint returns the next step after a request that got no answer.
func networkHint(err error) string {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var proxy *net.OpError
	var refused *transport.ProxyError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusProxyAuthRequired:
		return proxyLoginAdvice
	case errors.As(err, &refused):
		return "The proxy does not connect to the server: check --api, ask the proxy's operator, or add the host to NO_PROXY."
	case errors.Is(err, client.ErrCertificateRefused):
		return "Check with the cache's operator which authority issues its clients' certificates, and that --client-cert holds the intermediate ones too."
	case errors.Is(err, client.ErrCertificateWanted):
		return "Use the one that the cache's operator issued: --client-cert FILE --client-key FILE"
	case is[*net.DNSError](err):
		return "Check the host name in --api, and the network."
	case is[x509.UnknownAuthorityError](err):
		return "If this is your own server's certificate, trust its authority with --ca-cert FILE."
	case errors.As(err, &host) && len(host.Certificate.DNSNames)+len(host.Certificate.IPAddresses) == 0:
		return "Ask the server's operator for a certificate with the host as a Subject Alternative Name:\nopenssl req -x509 -addext subjectAltName=DNS:HOST ..."
	case errors.As(err, &host):
		return "The certificate belongs to another host: check the host name in --api."
	case errors.Is(err, client.ErrOldTLS):
		return "Ask the server's operator to enable TLS 1.2 or 1.3."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "Check this machine's clock; if it is right, ask the server's operator to renew the certificate."
	case is[*tls.CertificateVerificationError](err):
		return "The server's certificate is not valid: ask its operator to fix it."
	case is[tls.RecordHeaderError](err):
		return "The server there does not speak TLS: check the port and the https:// in --api."
	case errors.As(err, &proxy) && (proxy.Op == "proxyconnect" || proxy.Op == "socks connect"):
		return "Check the proxy (--proxy, ARTIFACT_PROXY, HTTPS_PROXY, ALL_PROXY), or add the host to NO_PROXY."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: check --api."
	}
	return "Check --api and the network, then run it again."
}

// notAFlag returns a name that no program takes for a flag.
func notAFlag(name string) string {
	if strings.HasPrefix(name, "-") {
		return "./" + name
	}
	return name
}

// shellQuote quotes a name for a POSIX shell, if necessary.
func shellQuote(name string) string {
	if strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+@%:,=", r)
	}) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// hint is what to do about an error; about a 401 it is for the job's identity to
// be known to the cache.
func (a *app) hint(err error) string {
	var answered *client.Error
	if a.identity != nil && errors.As(err, &answered) && answered.Status == http.StatusUnauthorized {
		return a.refusedIdentity()
	}
	return hint(err)
}

// credentialHint says how to get a credential that can be used.
func credentialHint(err error) string {
	if unconfirmed, ok := errors.AsType[*settings.UnconfirmedError](err); ok {
		api := printable.Text(shellQuote(unconfirmed.API))
		return "Nothing was sent. If that is your cache, confirm it once: artifact login --api " + api +
			"\nIn CI, set ARTIFACT_API=" + api
	}
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused.next
	}
	none, ok := errors.AsType[*noCredentialError](err)
	if !ok {
		return "Unlock the keyring, or set ARTIFACT_TOKEN. Without a keyring: artifact login --insecure-storage stores in a file."
	}
	hint := "Log in with artifact login, or set ARTIFACT_TOKEN. A cache without authentication takes any ARTIFACT_TOKEN.\n" +
		"To try without a cache of your own: artifact serve -- artifact put FILE"
	if none.sudoer != "" {
		hint = fmt.Sprintf("Under sudo, artifact does not see the logins of %s.\n", none.sudoer) + hint
	}
	if len(none.withheld) > 0 {
		hint = fmt.Sprintf("%s: only for Vercel's own cache, so not used here.\n", strings.Join(none.withheld, ", ")) + hint
	}
	return hint
}

// identityHint returns the next step after a failure to get a token by the
// job's identity.
func identityHint(e *identity.Error) string {
	switch {
	case errors.Is(e, identity.ErrFork):
		return "Upload from a workflow that is not a fork's, or leave --oidc out there: a download may not need an identity."
	case errors.Is(e, identity.ErrNoPermission):
		return "Give the job the permission, in its workflow:\n  permissions:\n    contents: read\n    id-token: write\n" +
			"A pull request from a fork never gets it."
	case errors.Is(e, identity.ErrUnset):
		return unsetHints[e.Vendor]
	case errors.Is(e, identity.ErrClock):
		return "Set this machine's clock. If it is right, the token has expired, or its issuer's clock is wrong."
	case errors.Is(e, identity.ErrAudience):
		return "Give --oidc-audience the name that the pipeline asks for, or leave it out."
	}
	return identityHints[e.Kind]
}

// unsetHints are for vendors that give a job a token only if the pipeline
// asks for it.
var unsetHints = map[string]string{
	identity.GitLab: "Ask for it in the pipeline:\n  id_tokens:\n    " + identity.EnvToken + ":\n      aud: https://cache.example.com",
	identity.CircleCI: "CircleCI gives no token to a fork's jobs, unless the project passes secrets to builds of forks.\n" +
		"For another audience, set " + identity.EnvToken + " by circleci run oidc get.",
}

var identityHints = map[identity.Kind]string{
	identity.NoJob: "Known are GitHub Actions, GitLab, CircleCI and Buildkite; elsewhere set " + identity.EnvToken + " to the job's identity token.\n" +
		"On your own machine: artifact login.",
	identity.NotAllowed: "The job cannot get an identity. Check that Buildkite's agent is on the PATH, in a version with oidc.",
	identity.Unusable:   "That is not an identity token: check the pipeline, and what it sets " + identity.EnvToken + " to.",
	identity.Denied: "The server does not accept this job's token: check what it trusts (issuer, subject, audience), --oidc-client-id and --team.\n" +
		"Run artifact status to see the job's identity.",
	identity.Unreachable:   "Nothing was sent to the cache. Check --oidc-token-url, --oidc-issuer and the network, then run it again.",
	identity.Untrusted:     "Nothing was sent to the cache. Check --oidc-token-url and --oidc-issuer: that server must not get the job's identity.",
	identity.Misconfigured: "Use https://: the job's identity goes over plain http only to this machine. --allow-http is for the cache.",
}
