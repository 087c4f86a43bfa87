package command

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"unicode"

	"github.com/artifact-cli/artifact/pkg/archive"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// hint returns the next step after an error, or nothing.
func hint(err error) string {
	answered, isAnswered := errors.AsType[*client.Error](err)
	unidentified, isUnidentified := errors.AsType[*identity.Error](err)
	usage, isUsage := errors.AsType[*usageError](err)
	input, isInput := errors.AsType[*transfer.InputError](err)
	closed, isClosed := errors.AsType[*closedError](err)
	bucket, isBucket := errors.AsType[*bucketError](err)
	switch {
	case errors.Is(err, identity.ErrUnset) && isUnidentified:
		return unsetHints[unidentified.Vendor]
	case isUnidentified:
		return cmp.Or(identityAdvices.on(err), identityHints[unidentified.Kind])
	case isUnauthorized(err):
		return credentialHint(err)
	case errors.Is(err, artifact.ErrChanged) && isAnswered:
		return "The cache does not have it. Run the upload again when no program writes to the file."
	case is[*artifact.SpoolError](err):
		return "Set TMPDIR to a directory with room for the whole stream."
	case errors.Is(err, transfer.ErrDirectory) && isInput:
		dir := shellQuote(notAFlag(input.Path))
		return fmt.Sprintf("Pack it: artifact put --pack %s\nOr upload each file in it: artifact put -r %s", dir, dir)
	case isClosed:
		return closedHints[api.CodeCachePrefix+string(closed.status)]
	case is[*outputError](err) && errors.Is(err, os.ErrClosed):
		return "Standard output is closed. To discard results, use >/dev/null; in Python, stdout=open(os.devnull, \"w\")."
	case isBucket:
		return bucket.next
	case isUsage && usage.next != "":
		return usage.next
	}
	if next := advices.on(err); next != "" || !isAnswered {
		return next
	}
	return answerHint(answered)
}

// errorAdvices are the next steps by error. The first match counts.
type errorAdvices []struct {
	about error
	next  string
}

func (advices errorAdvices) on(err error) string {
	for _, advice := range advices {
		if errors.Is(err, advice.about) {
			return advice.next
		}
	}
	return ""
}

var advices = errorAdvices{
	{syscall.EMFILE, "Raise the limit of open files: ulimit -n, or LimitNOFILE= in a systemd service."},
	{artifact.ErrChanged, "Run it again when no program writes to the file."},
	{archive.ErrChanged, "Run it again when no program writes to the files."},
	{archive.ErrTooLarge, "If you trust the archive, allow more with --max-entries or --max-size."},
	{archive.ErrUnstorable, "Unpack it on another system, or pack it again without this file."},
	{archive.ErrNoMatch, "Print the names in it with: artifact get ID --list"},
	{archive.ErrUnsafe, notForTurbo},
	{archive.ErrNotArchive, notForTurbo},
	{client.ErrPlainHTTP, "Use https://, or --allow-http if the network is trusted."},
	{client.ErrProxyAddress, "Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with special characters as %XX."},
	{transfer.ErrOutside, "Give it a name below the directory in the list, or download it by itself: artifact get ID -o FILE"},
	{transfer.ErrEmpty, "Name a FILE, or use - to upload an empty standard input."},
	{client.ErrNotFound, "Check the id, --team and --api. Vercel keeps artifacts for 7 days, and other caches for as long as they have room."},

	{transfer.ErrNotKept, "turborepo-remote-cache with a signature key accepts an unsigned upload but never returns it.\n" +
		"Set the same key here (" + settings.EnvSignatureKey + ")."},
	{transfer.ErrWrongDigest, "If this id is a key, not a digest, use --algorithm none."},
	{transfer.ErrSignatureLost, "turbo with a signature key treats it as a miss.\nturborepo-remote-cache keeps signatures only with a signature key of its own."},
	{transfer.ErrUnsigned, "turbo with a signature key treats it as a miss: upload it again with the key.\n" +
		"If it was signed, this server does not keep signatures: check with put --verify."},
	{transfer.ErrBadSignature, "turbo treats it as a miss. Check that it was signed with this key and team id.\nA team slug is not signed."},
	{transfer.ErrEmptySignature, "Every turbo treats it as a miss. Build and upload it again with a later turbo."},
	{transfer.ErrOldSignature, "Upload it again with --signature-version v2, or with turbo 2.9.18 or later."},
	{transfer.ErrUnproven, "If the server always answers this way, use --allow-unproven."},
	{transfer.ErrUnverifiable, "Name the FILE to compare it with, or set the signature key."},

	{client.ErrEncoded, "Turn off compression for /v8/artifacts in the proxy in front of the cache."},
	{client.ErrNoPreflight, "This cache does not need --preflight: leave it out (TURBO_PREFLIGHT, turbo.json)."},
	{client.ErrTokenWithheld, "Ask its operator to list Authorization in Access-Control-Allow-Headers, or leave --preflight out (TURBO_PREFLIGHT, turbo.json)."},
	{client.ErrAnsweredEarly, "A proxy or a server answered without reading the upload: check with artifact verify whether it is stored."},
	{client.ErrTooManyRedirects, "A sign-in page or a proxy redirects endlessly: ask the cache's operator, or send the headers it expects from programs with --header-file FILE."},
	{client.ErrCertificateRefused, "Check with the cache's operator which authority issues its clients' certificates, and that --client-cert holds the intermediate ones too."},
	{client.ErrCertificateWanted, "Use the one that the cache's operator issued: --client-cert FILE --client-key FILE"},
	{client.ErrOldTLS, "Ask the server's operator to enable TLS 1.2 or 1.3."},
}

const notForTurbo = "turbo treats it as a miss, too. Pack the files with: artifact put --pack DIR"

// notAFlag returns a name that cannot be mistaken for a flag.
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

// hint returns the next step after an error; for a 401 with --oidc, it names the
// job's identity.
func (a *app) hint(err error) string {
	var answered *client.Error
	if a.identity.Load() != nil && errors.As(err, &answered) && answered.Status == http.StatusUnauthorized {
		return a.refusedIdentity()
	}
	return hint(err)
}

// credentialHint returns how to get a usable credential.
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

// unsetHints are for vendors whose pipelines must ask for a token.
var unsetHints = map[string]string{
	identity.GitLab: "Ask for it in the pipeline:\n  id_tokens:\n    " + identity.EnvToken + ":\n      aud: https://cache.example.com",
	identity.CircleCI: "CircleCI gives no token to a fork's jobs, unless the project passes secrets to builds of forks.\n" +
		"For another audience, set " + identity.EnvToken + " by circleci run oidc get.",
}

var identityAdvices = errorAdvices{
	{identity.ErrFork, "Upload from a workflow that is not a fork's, or leave --oidc out there: a download may not need an identity."},
	{identity.ErrNoPermission, "Give the job the permission, in its workflow:\n  permissions:\n    contents: read\n    id-token: write\n" +
		"A pull request from a fork never gets it."},
	{identity.ErrClock, "Set this machine's clock. If it is right, the token has expired, or its issuer's clock is wrong."},
	{identity.ErrAudience, "Give --oidc-audience the name that the pipeline asks for, or leave it out."},
}

// identityHints are for errors that are not in identityAdvices.
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
