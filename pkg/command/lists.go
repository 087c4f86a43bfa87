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

	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// defaultJobs is how many artifacts are worked on at a time.
const defaultJobs = 16

// maxJobs keeps a typing error from using up all memory.
const maxJobs = 1000

// The file descriptors that a job takes at most (its file, the one that waits
// behind it, and a connection that is replaced), and those that all of them
// share.
const (
	filesOfJob  = 4
	sharedFiles = 12
)

// affordable returns how many jobs can run at a time: as many as the user
// wants, or fewer if few files may be open.
func affordable(jobs uint64) int {
	files := maxOpenFiles()
	files -= min(files, sharedFiles)
	return int(min(jobs, maxJobs, max(1, files/filesOfJob))) //nolint:gosec // no more than maxJobs
}

// listOptions name many inputs, in one of several ways.
type listOptions struct {
	args                []string
	filesFrom, manifest string
	null                bool
	jobs                uint64
}

func (o *listOptions) register(flags *pflag.FlagSet) {
	stringFlag(flags, &o.filesFrom, "files-from", "LIST|-", "read names from this file, one per line")
	stringFlag(flags, &o.manifest, "manifest", "LIST|-", "read JSON entries from this file, one per line")
	flags.BoolVarP(&o.null, "null", "0", false, "names in --files-from end with NUL")
	o.jobs = defaultJobs
	parsedFlag(flags, &o.jobs, "jobs,j", "N", fmt.Sprintf("artifacts to process at a time (default %d)", o.jobs), parseCount)
	readEnvironment(flags, "jobs")
}

// isListed reports whether a list names the inputs.
func (o *listOptions) isListed() bool { return o.filesFrom != "" || o.manifest != "" }

// check refuses combinations that make no sense. argument names what the
// command takes beside flags.
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

// checkFiles is check for commands whose arguments are files.
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

// open opens the list, whose inputs are all like the one given.
func (o *listOptions) open(stdin *os.File, like transfer.Input) (transfer.Inputs, error) {
	if o.manifest != "" {
		return openList("--manifest", o.manifest, stdin, func(list transfer.List) transfer.Inputs { return list.Manifest(like) })
	}
	return openList("--files-from", o.filesFrom, stdin, func(list transfer.List) transfer.Inputs {
		return list.Paths(o.terminator(), like)
	})
}

// openList opens a list by its name, or standard input. The file is closed when
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

// terminator ends each name of --files-from.
func (o *listOptions) terminator() byte {
	if o.null {
		return 0
	}
	return '\n'
}

// named returns inputs with these names, all like the one given.
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

// expect tells the progress how many inputs there will be, where that is known
// or can be counted meanwhile. Lines that are no entry count too.
func (o *listOptions) expect(ctx context.Context, shown *ui.Many) {
	name := cmp.Or(o.filesFrom, o.manifest)
	if name == "" {
		shown.Expect(len(o.args))
		return
	}
	if info, err := os.Stat(name); err != nil || name == "-" || !info.Mode().IsRegular() {
		return
	}
	shown.ExpectCount(func() (int, error) { return countIn(ctx, name, o.terminator()) })
}

// countIn counts the entries of a file, each of which ends with a terminator.
func countIn(ctx context.Context, name string, terminator byte) (n int, err error) {
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
