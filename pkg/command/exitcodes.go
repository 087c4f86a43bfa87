package command

import "github.com/spf13/cobra"

func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `Exit codes:

  0    all done
  1    several artifacts failed, for different reasons; or the results could not
       be written; or a fault of this program
  2    usage: a bad flag or value, an input that cannot be read, a value over
       the API's limit; for it nothing was sent
  3    not authorized: no credential, an API that nobody confirmed, or 401
  4    payment: 402
  5    forbidden: 403, or Remote Caching is disabled, paused or over its limit
  6    not found (verify, get, stat)
  7    verification failed: bytes, size or signature differ, there is nothing to
       check against, or the input changed while it was read (then the server
       never had a whole body)
  8    refused: 400, 404, 405, 410, 413 and every 4xx that 9 does not name, a
       redirect that is not followed, or an answer that is no Remote Cache's
  9    unreachable or failing: network errors, time-outs, 408, 412, 425, 429, 5xx
  130  interrupted (SIGINT); 143: SIGTERM; 129: SIGHUP. The program dies of the
       signal, so that a shell's loop ends too.

put --warn-only prints every failure and exits 0.`,
	}
}
