package command

import (
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// globalOptions are the flags of every command.
type globalOptions struct {
	api, team            pasted
	json, quiet, verbose bool
	progress, color      ui.When
	caCert               string
	http2, allowHTTP     bool
	retries              uint
	timeout              seconds
	stallTimeout         seconds
	answerTimeout        seconds
	limitRate            byteRate
	limitRequests        requestRate
	oidc                 oidcOptions
	network              networkOptions
}

func (o *globalOptions) register(flags *pflag.FlagSet) {
	flags.Var(&o.api, "api", "base `URL` of the cache (default "+client.DefaultAPI+")")
	flags.Var(&o.team, "team", "team, as `SLUG|team_ID`")
	flags.BoolVar(&o.json, "json", false, "print results as JSON, one object a line")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print bare results, and nothing but errors beside them")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "print a line for each request")
	flags.Var(&o.progress, "progress", "show progress: on a terminal a bar, else a line now and then")
	flags.Var(&o.color, "color", "use colour")
	flags.StringVar(&o.caCert, "ca-cert", "", "trust the certificates in this PEM `FILE` too")
	flags.BoolVar(&o.http2, "http2", false, "begin with HTTP/2, for hosts that limit an HTTP/1.1 body")
	flags.BoolVar(&o.allowHTTP, "allow-http", false, "let plain http leave this machine")
	flags.UintVar(&o.retries, "retries", client.DefaultRetries, "further tries after the first, `N`")
	o.stallTimeout, o.answerTimeout = seconds(client.DefaultStallTimeout), seconds(client.DefaultAnswerTimeout)
	flags.Var(&o.timeout, "timeout", "longest `TIME` for one artifact, all tries together (default none)")
	flags.Var(&o.stallTimeout, "stall-timeout", "longest `TIME` without a byte moved")
	flags.Var(&o.answerTimeout, "answer-timeout", "longest `TIME` from the last byte sent to the answer")
	flags.Var(&o.limitRate, "limit-rate", "most bytes a second, `RATE` such as 10M (default no limit)")
	flags.Var(&o.limitRequests, "limit-requests", "most requests, `RATE` such as 100/m (default no limit)")
	o.oidc.register(flags)
	o.network.register(flags)
	for _, name := range []string{"json", "quiet", "verbose", "progress", "color", "ca-cert", "http2", "allow-http",
		"retries", "timeout", "stall-timeout", "answer-timeout",
		"limit-rate", "limit-requests"} {
		readsEnvironment(flags, name)
	}
}
