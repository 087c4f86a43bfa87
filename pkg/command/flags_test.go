package command

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestEmptyFileNames gives every flag for a file the value of a variable that is not
// set. A flag without effect could mean an upload without a signature.
func TestEmptyFileNames(t *testing.T) {
	t.Parallel()
	files := regexp.MustCompile(`^(FILE|DIRECTORY|LIST|SUMS)\b`)
	tried := 0
	everyCommand(Tree(), func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if !files.MatchString(flag.Value.Type()) && flag.Name != "turbo-cache" {
				return
			}
			tried++
			args := append(strings.Fields(cmd.CommandPath())[1:], "--"+flag.Name+"=")
			code, stdout, stderr := run(t, nil, args...)
			want := "artifact: --" + flag.Name + ": the file name is empty: check the variable that it comes from\n" +
				"artifact: hint: See " + cmd.CommandPath() + " --help.\n"
			if code != 2 || stdout != "" || stderr != want {
				t.Errorf("%q: exit %d, %q, %q", args, code, stdout, stderr)
			}
		})
	})
	if tried < 30 {
		t.Errorf("only %d flags were tried", tried)
	}
}
