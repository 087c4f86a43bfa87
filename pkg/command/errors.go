package command

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/archive"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// The exit codes. Scripts rely on them.
const (
	exitOK           = 0
	exitFault        = 1
	exitUsage        = 2
	exitUnauthorized = 3
	exitPayment      = 4
	exitForbidden    = 5
	exitNotFound     = 6
	exitVerification = 7
	exitRefused      = 8
	exitUnreachable  = 9
	exitSignal       = 128 // plus the signal's number
)

// usageError reports an invalid command line or input.
type usageError struct {
	err  error
	next string // the next step, or nothing
}

// seeHelp is the next step after most usage errors. [app.execute] inserts the
// command.
const seeHelp = "See %s --help."

// usage returns an error after which the command's help is the next step.
func usage(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), seeHelp}
}

// unusable returns an error that needs no reference to the help.
func unusable(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

// noCredentialError reports that no token was found.
type noCredentialError struct {
	withheld []string // variables that are set, but only for Vercel
	sudoer   string   // whose login is not seen
}

func (e *noCredentialError) Error() string { return "no credential: no token is set" }

// refusedError reports that the server rejected the token.
type refusedError struct {
	answered *client.Error
	next     string // what to do about it
}

func (e *refusedError) Error() string {
	return "the server refused the token: " + e.answered.Reason()
}

func (e *refusedError) Unwrap() error { return e.answered }

// closedError reports that the cache is disabled, paused or over its limit.
type closedError struct{ status client.CacheStatus }

func (e *closedError) Error() string {
	return "Remote Caching is " + closedWords[e.status]
}

// closedWords describes the states of a closed cache.
var closedWords = map[client.CacheStatus]string{
	client.CacheDisabled:  "disabled",
	client.CacheOverLimit: "over its limit",
	client.CachePaused:    "paused",
}

// outputError reports that a result could not be written.
type outputError struct{ err error }

func (e *outputError) Error() string {
	return fmt.Sprintf("writing the results: %v", usertext.FileReason(e.err))
}

func (e *outputError) Unwrap() error { return e.err }

// Interrupt is the cause of a context that a signal ended.
type Interrupt struct{ Signal syscall.Signal }

// ExitCode returns what a shell reports for a process that died of the signal.
func (i Interrupt) ExitCode() int { return exitSignal + int(i.Signal) }

func (i Interrupt) exitCode() int { return i.ExitCode() }

func (i Interrupt) Error() string { return fmt.Sprintf("stopped by signal %d", int(i.Signal)) }

// artifactError is a failure that was already printed with the results.
type artifactError struct{ error }

func (e *artifactError) Unwrap() error { return e.error }

// warning is an error that --warn-only tolerates.
type warning struct{ error }

func (e *warning) Unwrap() error { return e.error }

// codedError is an error with an exit code of its own.
type codedError interface {
	error
	exitCode() int
}

// is reports whether an error in err's chain has a type.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// ExitCode returns the exit code for an error. All codes are assigned here.
func ExitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if is[*fault.Error](err) { // wherever it happened
		return exitFault
	}
	if own, ok := errors.AsType[codedError](err); ok {
		return own.exitCode()
	}
	unidentified, isUnidentified := errors.AsType[*identity.Error](err)
	answered, isAnswered := errors.AsType[*client.Error](err)
	switch {
	case errors.Is(err, artifact.ErrChanged), errors.Is(err, archive.ErrChanged), is[*transfer.Mismatch](err):
		return exitVerification
	case errors.Is(err, client.ErrNotFound), errors.Is(err, archive.ErrNoMatch):
		return exitNotFound
	case isUnidentified:
		return cmp.Or(identityCodes[unidentified.Kind], exitUnauthorized)
	case isUnauthorized(err):
		return exitUnauthorized
	case is[*closedError](err):
		return exitForbidden
	case isUsage(err):
		return exitUsage
	case isAnswered:
		return answerCode(answered)
	}
	return exitFault
}

// isUnauthorized reports whether there is no usable credential.
func isUnauthorized(err error) bool {
	return is[*noCredentialError](err) || is[*refusedError](err) || is[*settings.UnconfirmedError](err) || is[*credential.KeyringError](err)
}

func isUsage(err error) bool {
	output, isOutput := errors.AsType[*transfer.OutputError](err)
	return isOutput && output.Unopened || is[*usageError](err) || is[*settings.Error](err) || is[*transfer.InputError](err) || is[*transfer.ListError](err) ||
		is[*credential.FileError](err) || slices.ContainsFunc(usageErrors, func(known error) bool { return errors.Is(err, known) })
}

var usageErrors = []error{
	credential.ErrNoDirectory, artifact.ErrInvalidID,
	client.ErrInvalidAPI, client.ErrInvalidMetadata, client.ErrPlainHTTP, client.ErrProxyAddress,
}

func answerCode(e *client.Error) int {
	if proxy, ok := errors.AsType[*client.ProxyError](e); ok {
		return plainCode(proxy.Status)
	}
	switch {
	case errors.Is(e, client.ErrNotRemoteCache), errors.Is(e, client.ErrReported), errors.Is(e, client.ErrAnsweredEarly),
		errors.Is(e, client.ErrEncoded), errors.Is(e, client.ErrRedirect), errors.Is(e, client.ErrTooManyRedirects):
		return exitRefused
	case e.Status < 300: // no answer, or a broken one
		return exitUnreachable
	}
	if code, ok := permissionCodes[e.Status]; ok {
		return code
	}
	return plainCode(e.Status)
}

var permissionCodes = map[int]int{
	http.StatusUnauthorized: exitUnauthorized, http.StatusPaymentRequired: exitPayment, http.StatusForbidden: exitForbidden,
}

// transient are the statuses below 500 that a retry may change.
var transient = []int{http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusTooEarly, http.StatusTooManyRequests}

// plainCode returns the exit code for a status that does not come from the cache,
// such as a proxy's.
func plainCode(status int) int {
	if status >= 500 || slices.Contains(transient, status) {
		return exitUnreachable
	}
	return exitRefused
}

// errorText returns the text of an error, with one line for each of joined
// errors.
func errorText(err error) string {
	text := err.Error()
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if joined, ok := inner.(interface{ Unwrap() []error }); ok {
			var lines, parts []string
			for _, part := range joined.Unwrap() {
				lines, parts = append(lines, part.Error()), append(parts, errorText(part))
			}
			return strings.Replace(text, strings.Join(lines, "\n"), strings.Join(parts, "; "), 1)
		}
	}
	return text
}

// errorJSON is an error as --json prints it.
type errorJSON struct {
	Exit    int    `json:"exit"`
	Code    string `json:"code,omitempty"`
	Status  int    `json:"status,omitempty"`
	Message string `json:"message"`
}

// failureJSON is a failure without an artifact.
type failureJSON struct {
	Error *errorJSON `json:"error"`
}

func newErrorJSON(err error) *errorJSON {
	if err == nil {
		return nil
	}
	shown := &errorJSON{Exit: ExitCode(err), Message: errorText(err)}
	if answered, ok := errors.AsType[*client.Error](err); ok {
		shown.Code, shown.Status = answered.Code, answered.Status
	}
	return shown
}

// identityCodes are the exit codes for failures to get the job's identity. All
// others exit with exitUnauthorized.
var identityCodes = map[identity.Kind]int{
	identity.Unreachable: exitUnreachable, identity.Untrusted: exitRefused, identity.Misconfigured: exitUsage,
}
