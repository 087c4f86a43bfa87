package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// defaultJobs is how many artifacts are processed at a time.
const defaultJobs = 16

// maxJobs keeps a typo from using up all memory.
const maxJobs = 1000

// The maximum number of file descriptors of a job (its file, the next one, and a
// connection that is being replaced), and of those that all jobs share.
const (
	filesOfJob  = 4
	sharedFiles = 12
)

// limitJobs returns how many jobs can run at a time: jobs, or fewer if the limit
// of open files is low.
func limitJobs(jobs uint64) int {
	files := maxOpenFiles()
	files -= min(files, sharedFiles)
	return int(min(jobs, maxJobs, max(1, files/filesOfJob))) //nolint:gosec // no more than maxJobs
}

// listOptions are the flags that name many inputs.
type listOptions struct {
	args                []string
	filesFrom, manifest string
	null                bool
	jobs                uint64
}

func (o *listOptions) register(flags *pflag.FlagSet) {
	o.registerLines(flags, "file names")
	fileFlag(flags, &o.manifest, "manifest", "LIST|-", "read JSON entries from this file, one per line")
}

// registerLines adds the flags for lists of lines that are names or ids.
func (o *listOptions) registerLines(flags *pflag.FlagSet, what string) {
	fileFlag(flags, &o.filesFrom, "files-from", "LIST|-", "read "+what+" from this file, one per line")
	flags.BoolVarP(&o.null, "null", "0", false, what+" in --files-from end with NUL")
	o.jobs = defaultJobs
	parsedFlag(flags, &o.jobs, "jobs,j", "N", fmt.Sprintf("artifacts to process at a time (default %d)", o.jobs), parseCount)
	readEnvironment(flags, "jobs")
}

// isListed reports whether a list names the inputs.
func (o *listOptions) isListed() bool { return o.filesFrom != "" || o.manifest != "" }

// check rejects invalid combinations. argument is the name of the command's
// arguments.
func (o *listOptions) check(argument string) error {
	switch {
	case o.filesFrom != "" && o.manifest != "", o.isListed() && len(o.args) > 0:
		return usage("give %s, --files-from or --manifest, but only one of them", argument)
	case o.null && o.filesFrom == "":
		return usage("--null needs --files-from")
	case o.jobs == 0:
		return usage("--jobs: must be at least 1")
	}
	return nil
}

// checkFiles is like check, for commands whose arguments are files.
func (o *listOptions) checkFiles() error {
	if err := o.check("FILE"); err != nil {
		return err
	}
	isStdin := func(path string) bool { return path == "-" }
	switch first := slices.IndexFunc(o.args, isStdin); {
	case slices.Contains(o.args, ""):
		return usage("the name of an input is empty: check the variable that it comes from")
	case first >= 0 && slices.ContainsFunc(o.args[first+1:], isStdin):
		return usage("- is standard input, which can be read only once")
	}
	return nil
}

// open opens the list, whose inputs are copies of like.
func (o *listOptions) open(stdin *os.File, like transfer.Input) (transfer.Inputs, error) {
	if o.manifest != "" {
		return openList("--manifest", o.manifest, stdin, func(list transfer.List) transfer.Inputs { return list.Manifest(like) })
	}
	return openList("--files-from", o.filesFrom, stdin, func(list transfer.List) transfer.Inputs {
		return list.Paths(o.terminator(), like)
	})
}

// openList opens a list by its name, or standard input. The file is closed after
// the inputs were read.
func openList(flag, name string, stdin *os.File, read func(transfer.List) transfer.Inputs) (transfer.Inputs, error) {
	if name == "-" {
		return read(transfer.List{Name: "standard input", Reader: stdin}), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, unusable("%s: reading %s: %w", flag, name, usertext.FileReason(err))
	}
	return func(yield func(transfer.Input, error) bool) {
		defer file.Close()
		read(transfer.List{Name: name, Reader: file})(yield)
	}, nil
}

// terminator returns the byte that ends each name of --files-from.
func (o *listOptions) terminator() byte {
	if o.null {
		return 0
	}
	return '\n'
}

// named returns inputs with these names, otherwise copies of like.
func named(paths []string, stdin *os.File, like transfer.Input) []transfer.Input {
	inputs := make([]transfer.Input, len(paths))
	for i, path := range paths {
		inputs[i] = like
		if inputs[i].Path = filepath.ToSlash(path); path == "-" {
			inputs[i].Stream = stdin
		}
	}
	return inputs
}

// parseIDs parses the ids among the arguments.
func parseIDs(args []string) ([]transfer.Input, error) {
	inputs := make([]transfer.Input, len(args))
	for i, arg := range args {
		id, err := artifact.ParseID(arg)
		if err != nil {
			return nil, usage("%w", err)
		}
		inputs[i].ID = id
	}
	return inputs, nil
}

// listOf returns a list of known inputs.
func listOf(inputs ...transfer.Input) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for _, input := range inputs {
			if !yield(input, nil) {
				return
			}
		}
	}
}

// expect sets the expected number of inputs, if it is known or can be counted in
// the background. It also counts lines without an entry.
func (o *listOptions) expect(ctx context.Context, shown *ui.Many) {
	name := cmp.Or(o.filesFrom, o.manifest)
	if name == "" {
		shown.Expect(len(o.args))
		return
	}
	if info, err := os.Stat(name); err != nil || name == "-" || !info.Mode().IsRegular() {
		return
	}
	shown.ExpectCount(func() (int, error) { return countEntries(ctx, name, o.terminator()) })
}

// countEntries counts the entries of a file, each of which ends with terminator.
func countEntries(ctx context.Context, name string, terminator byte) (n int, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for piece := make([]byte, 64<<10); ctx.Err() == nil; {
		read, err := file.Read(piece)
		n += bytes.Count(piece[:read], []byte{terminator})
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}
