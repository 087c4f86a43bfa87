package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/provenance"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// tokensPage is the page where Vercel's users create tokens.
const tokensPage = "https://vercel.com/account/settings/tokens"

// maxToken limits how many bytes of a token are read.
const maxToken = 64 << 10

// loginOptions are the command line of login.
type loginOptions struct {
	withToken, web  bool
	insecureStorage bool
	network         networkOptions
}

func newLoginCommand(a *app) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Store a credential",
		Long: `Ask for a token, check it with the server, and store it in the keyring of the
operating system. It is used only for this server's origin (scheme, host, port).

The token is read from the terminal without being shown, or from standard input
with --with-token. The given --api and --team become the defaults.

In CI you do not need to log in: set ARTIFACT_TOKEN.`,
		Example: `  artifact login
  artifact login --api https://cache.example.com --team my-team
  artifact login --with-token < token.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogin(cmd.Context(), a, o) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.withToken, "with-token", false, "read the token from standard input")
	flags.BoolVar(&o.web, "web", false, "open the page where tokens are created in a browser")
	flags.BoolVar(&o.insecureStorage, "insecure-storage", false, "store the token in a file that only you can read instead of the keyring")
	o.network.registerConnection(flags)
	return cmd
}

// A login is one run of the command.
type login struct {
	*app
	options  loginOptions
	resolver *settings.Resolver
	settings settings.Settings
	store    *credential.Store
	console  *ui.Console // nil with --with-token
	storage  credential.Storage
	wait     time.Duration // for the keyring
	user     client.User
	status   client.CacheStatus
}

func runLogin(ctx context.Context, a *app, o loginOptions) error {
	l := &login{app: a, options: o, store: a.loginStore()}
	var err error
	if l.resolver, l.settings, err = a.resolve(o.network); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	if !o.withToken {
		if l.console, err = ui.OpenConsole(a.streams.redactor); err != nil {
			return unusable("%w: give the token with --with-token, or set ARTIFACT_TOKEN instead of logging in", err)
		}
		defer l.console.Close()
	}
	if err := l.checkStorage(ctx); err != nil {
		return err
	}
	if l.settings.Token, err = l.readToken(ctx); err != nil {
		return err
	}
	if err := l.introduce(ctx); err != nil {
		return err
	}
	if err := l.save(ctx); err != nil {
		return err
	}
	l.printLogin()
	return nil
}

// check rejects what cannot work, before any question.
func (l *login) check() error {
	if err := l.resolver.CheckConfirmed(); err != nil {
		return err
	}
	if _, err := l.newClient(l.settings, l.options.network, 1); err != nil {
		return err
	}
	isVercel := l.resolver.Origin() == credential.Vercel
	switch {
	case l.options.web && l.options.withToken:
		return usage("give --web or --with-token, not both")
	case l.options.web && !isVercel:
		return unusable("--web: artifact does not know the page where %s creates tokens; ask its operator", l.resolver.Origin())
	case l.options.withToken && ui.IsTerminal(l.env.Stdin):
		return usage("--with-token reads a pipe or a file; leave it out to type the token")
	case !l.options.withToken && provenance.DetectCI(l.env.LookupEnv).Detected:
		return unusable("login cannot ask for a token in CI: set ARTIFACT_TOKEN instead")
	}
	return nil
}

// checkStorage checks that the token can be stored, before the user creates and
// types one.
func (l *login) checkStorage(ctx context.Context) error {
	l.storage, l.wait = credential.InKeyring, credential.KeyringWait
	switch {
	case l.options.insecureStorage:
		l.storage = credential.InFile
	case l.console != nil:
		l.wait = credential.UnlockWait
		l.say("The token will be stored in the keyring; unlock it if your desktop asks. This waits for at most %v.", l.wait)
	}
	err := l.store.CheckWritable(ctx, l.resolver.Origin(), l.storage, l.wait)
	if is[*credential.KeyringError](err) {
		err = fmt.Errorf("the token cannot be stored: %w", err)
	}
	return err
}

// readToken reads the token and hides it from then on.
func (l *login) readToken(ctx context.Context) (credential.Secret, error) {
	var text string
	var err error
	origin := "standard input"
	if l.options.withToken {
		var piped []byte
		if piped, err = usertext.ReadAll(l.env.Stdin, maxToken); err != nil {
			err = unusable("%w", err)
		}
		text = string(piped)
	} else {
		origin = "the terminal"
		if text, err = l.askToken(ctx); errors.Is(err, io.EOF) {
			err = nil // as after an empty line
		}
	}
	if err != nil {
		return credential.Secret{}, fmt.Errorf("reading the token from %s: %w", origin, err)
	}
	l.hide(usertext.Clean(text))
	if text, err = usertext.ParseValue(text); err != nil {
		return credential.Secret{}, unusable("the token from %s: %w", origin, err)
	}
	if text == "" {
		return credential.Secret{}, unusable("got no token from %s", origin)
	}
	l.settings.TokenOrigin = origin
	return credential.NewSecret(text), nil
}

// askToken prompts for the token. The echo is off before the first word appears,
// since people paste as soon as they see it.
func (l *login) askToken(ctx context.Context) (string, error) {
	show, err := l.console.HideTyping()
	if err != nil {
		return "", err
	}
	defer show()
	l.describeServer()
	if l.options.web {
		l.openPage(tokensPage)
	}
	return l.console.Ask(ctx, "Token (not shown): ")
}

// describeServer prints which server this is, and where to create tokens.
func (l *login) describeServer() {
	l.say("Logging in to %s", l.resolver.Origin())
	if l.resolver.Origin() == credential.Vercel {
		l.say("Create a token at %s", tokensPage)
		return
	}
	l.say("Ask the server's operator for a token. (For turborepo-remote-cache, use a value of its TURBO_TOKEN.)")
}

// verify checks the token, gets its user and cache status, and chooses the
// default team.
func (l *login) introduce(ctx context.Context) error {
	cache, err := l.newClient(l.settings, l.options.network, 1)
	if err == nil && l.resolver.Origin() == credential.Vercel {
		if err = l.askVercel(ctx, cache); err == nil {
			cache, err = l.newClient(l.settings, l.options.network, 1) // for the team
		}
	}
	if err != nil {
		return err
	}
	const next = "Nothing was stored."
	unchecked, err := l.checkToken(ctx, cache, next)
	if err != nil {
		return err
	}
	l.status, err = l.cacheStatus(ctx, cache, next, unchecked)
	if answered, ok := errors.AsType[*client.Error](err); ok && answered.Status != 0 && !is[*refusedError](err) {
		if unchecked != nil {
			err = fmt.Errorf("could not check whether the token is valid: %w", err)
		}
		l.warn(err.Error())
		l.status, err = client.CacheUnknown, nil
	}
	return err
}

// save stores the account, with the team only if it was chosen in a login.
func (l *login) save(ctx context.Context) error {
	account := credential.Account{API: apiOf(l.settings), Storage: l.storage}
	if origin := l.settings.TeamOrigin; origin == "--team" || origin == settings.LoginOrigin {
		account.TeamID, account.TeamSlug = l.settings.Team.ID, l.settings.Team.Slug
	}
	options := credential.SaveOptions{MakeDefault: l.common.api != "", Wait: l.wait}
	err := l.store.Save(ctx, account, l.settings.Token, options)
	if is[*credential.KeyringError](err) {
		err = fmt.Errorf("the token was not stored: %w", err)
	}
	return err
}

// printLogin prints the result.
func (l *login) printLogin() {
	if l.common.json {
		shown := newStatusJSON(l.settings)
		shown.User, shown.Cache, shown.Origins.Token = l.user, l.status, string(l.storage)
		l.printJSON(shown)
	}
	as := ""
	if text := userText(l.user); text != "" {
		as = " as " + text
	}
	l.say("Logged in to %s%s", l.resolver.Origin(), as)
	if l.settings.Team != (artifact.Team{}) || l.user != (client.User{}) {
		l.say("Team: %s", teamText(l.settings.Team))
	}
	switch reason, closed := closedWords[l.status]; {
	case closed:
		l.warn("Remote Caching is " + reason + " there: " + closedHints[api.CodeCachePrefix+string(l.status)])
	case l.status == client.CacheEnabled:
		l.say("Remote Caching is enabled there.")
	default:
		l.say("The server does not report whether Remote Caching is enabled.")
	}
	if origin := l.resolver.TokenAbove(); origin != "" {
		l.warn(origin + " is set, and overrides what was stored")
	}
	for _, name := range []string{settings.EnvAPI, settings.EnvTurboAPI} {
		if l.common.api != "" && l.env.Getenv(name) != "" {
			l.warn(name + " is set, and overrides the default API")
			break
		}
	}
}
