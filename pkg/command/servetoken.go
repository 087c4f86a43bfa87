package command

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// The variables with a server's tokens.
const (
	envServeToken     = settings.EnvServeToken
	envServeReadToken = settings.EnvServeReadToken
)

// The limits of a file with tokens.
const (
	maxTokenFile  = 64 << 10 // bytes
	maxFileTokens = 100
)

// tokenFiles are the flags for files with the tokens of clients.
type tokenFiles struct{ write, read string }

func (o *tokenFiles) register(flags *pflag.FlagSet) {
	fileFlag(flags, &o.write, "token-file", "FILE", "accept the tokens in this file, one per line; must not be readable by others")
	fileFlag(flags, &o.read, "read-token-file", "FILE", "accept the tokens in this file for reading only")
	readEnvironment(flags, "token-file", "read-token-file")
}

// cacheTokens are the tokens of a cache, from variables, files, or made up.
type cacheTokens struct {
	*server.Tokens
	app         *app
	files       tokenFiles
	write, read []string // from variables, files that can be read only once, or made up
	first       string   // for the command of serve
	madeUp      bool     // first was not given

	loadedWrite, loadedRead []string // that are in use
}

// newCacheTokens returns the tokens that clients may use. A cache that other machines
// can reach needs given ones, since they could not know a random one.
func (a *app) newCacheTokens(o serveOptions, listening net.Addr) (*cacheTokens, error) {
	t := &cacheTokens{app: a, files: o.tokens}
	for _, given := range []struct {
		variable string
		to       *[]string
	}{{envServeToken, &t.write}, {envServeReadToken, &t.read}} {
		token, err := parseToken(a.env.Getenv(given.variable))
		if err != nil {
			return nil, &settings.Error{Origin: given.variable, Err: err}
		}
		if token != "" {
			*given.to = []string{token}
		}
	}
	write, read, err := t.load()
	if err != nil {
		return nil, err
	}
	if tcp, ok := listening.(*net.TCPAddr); len(write) == 0 && ok && tcp.IP.IsLoopback() {
		t.write, t.madeUp = []string{rand.Text()}, true
		a.hide(t.write[0])
		write = t.write
	}
	switch {
	case len(write)+len(read) == 0:
		return nil, &usageError{
			fmt.Errorf("listening on %s: it can be reached from other machines, so set a token in %s", listening, envServeToken),
			"Or write tokens to a file for --token-file, one per line.",
		}
	case len(write) == 0 && !o.readOnly:
		return nil, &usageError{
			fmt.Errorf("listening on %s: no token may write, so nothing could be uploaded", listening),
			"Set a token in " + envServeToken + " or --token-file, or refuse all uploads with --read-only.",
		}
	}
	t.first = slices.Concat(write, read)[0]
	if t.Tokens, err = server.NewTokens(write, read); err != nil {
		return nil, tokensError(err)
	}
	t.loadedWrite, t.loadedRead = write, read
	if checkRegular("--token-file", t.files.write) != nil {
		t.write, t.files.write = write, ""
	}
	if checkRegular("--read-token-file", t.files.read) != nil {
		t.read, t.files.read = read, ""
	}
	return t, nil
}

// reload implements [reloadable].
func (t *cacheTokens) reload() (note string, err error) {
	if err := cmp.Or(checkRegular("--token-file", t.files.write), checkRegular("--read-token-file", t.files.read)); err != nil {
		return "", err
	}
	write, read, err := t.load()
	if err != nil || slices.Equal(write, t.loadedWrite) && slices.Equal(read, t.loadedRead) {
		return "", err
	}
	if err := t.Replace(write, read); err != nil {
		return "", err
	}
	t.loadedWrite, t.loadedRead = write, read
	return fmt.Sprintf("read the tokens again: %d to read and write, %d only to read", len(write), len(read)), nil
}

// load returns all tokens, after reading the files again.
func (t *cacheTokens) load() (write, read []string, err error) {
	if write, err = t.app.addTokens(t.write, "--token-file", t.files.write); err != nil {
		return nil, nil, err
	}
	read, err = t.app.addTokens(t.read, "--read-token-file", t.files.read)
	return write, read, err
}

// addTokens returns tokens and those in the file of a flag, if it is given.
func (a *app) addTokens(tokens []string, flag, path string) ([]string, error) {
	if path == "" {
		return tokens, nil
	}
	more, err := a.readTokens(path)
	if err != nil {
		return nil, &settings.Error{Origin: flag, Err: err}
	}
	return slices.Concat(tokens, more), nil
}

// readTokens reads a file with one token per line. It skips empty lines and those
// that begin with #. Its errors name lines, but never values.
func (a *app) readTokens(path string) ([]string, error) {
	text, err := readPrivate(path, maxTokenFile)
	if err != nil {
		return nil, err
	}
	var tokens []string
	for i, line := range strings.Split(string(text), "\n") {
		line = usertext.Clean(line)
		if line == "" || line[0] == '#' {
			continue
		}
		token, err := parseToken(line)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, i+1, err)
		}
		tokens = append(tokens, token)
		if len(tokens) > maxFileTokens {
			return nil, fmt.Errorf("%s: it has more than %d tokens", path, maxFileTokens)
		}
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s: it contains no token: write one per line", path)
	}
	for _, token := range tokens {
		a.hide(token)
	}
	return tokens, nil
}

// parseToken cleans a token, which may be empty.
func parseToken(text string) (string, error) {
	token, err := usertext.ParseValue(text)
	if err == nil && token != "" {
		err = server.CheckToken(token)
	}
	return token, err
}

// tokensError adds the next step to an error of [server.NewTokens].
func tokensError(err error) error {
	if errors.Is(err, server.ErrTokenTwice) {
		return &usageError{err, "Remove it from one of them: those in " + envServeToken + " and --token-file may write, those in " +
			envServeReadToken + " and --read-token-file may not."}
	}
	return unusable("%w", err)
}
