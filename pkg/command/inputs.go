package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// defaultJobs is how many artifacts are worked on at a time.
const defaultJobs = 16

// maxJobs keeps a slip of the hand from taking all memory.
const maxJobs = 1000

// The file descriptors that a job takes at most (its file, the one that waits
// behind it, and a connection that is replaced), and those that all of them
// share.
const (
	filesOfJob  = 4
	sharedFiles = 12
)

// affordable is how many jobs there may be of those that the user wants: where
// few files may be open at a time, fewer, so that none fails for that.
func affordable(jobs uint) int {
	files := maxOpenFiles()
	files -= min(files, sharedFiles)
	return int(min(uint64(jobs), maxJobs, max(1, files/filesOfJob))) //nolint:gosec // no more than maxJobs
}

// listOptions name many inputs, in one of several ways.
type listOptions struct {
	args                []string
	filesFrom, manifest string
	null                bool
	jobs                uint
}

func (o *listOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.filesFrom, "files-from", "", "take the names in this `LIST|-`, one a line")
	flags.StringVar(&o.manifest, "manifest", "", "take the entries in `LIST|-`, one JSON object a line")
	flags.BoolVarP(&o.null, "null", "0", false, "the names of --files-from end with NUL")
	flags.UintVarP(&o.jobs, "jobs", "j", defaultJobs, "artifacts at a time, `N`")
	readEnvironment(flags, "jobs")
}

// check refuses what does not fit together. argument is what the command takes
// beside flags.
func (o *listOptions) check(argument string) error {
	sources := 0
	for _, given := range []bool{len(o.args) > 0, o.filesFrom != "", o.manifest != ""} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return usage("give %s, --files-from or --manifest, and only one of them", argument)
	case o.null && o.filesFrom == "":
		return usage("--null is about the names of --files-from")
	case o.jobs == 0:
		return usage("--jobs: at least one has to be worked on")
	}
	return nil
}

// open reads the list that was given, each input of which is like the one
// given; close must follow. It is nil where there is none.
func (o *listOptions) open(stdin *os.File, like transfer.Input) (inputs transfer.Inputs, close func(), err error) {
	var list transfer.List
	switch {
	case o.filesFrom != "":
		list, close, err = openList("--files-from", o.filesFrom, stdin)
		terminator := byte('\n')
		if o.null {
			terminator = 0
		}
		return list.Paths(terminator, like), close, err
	case o.manifest != "":
		list, close, err = openList("--manifest", o.manifest, stdin)
		return list.Manifest(like), close, err
	}
	return nil, func() {}, nil
}

// expect says how many inputs there will be, where that is known or can be found
// out beside reading them. Lines that are no entry count too: it is for a bar.
func (o *listOptions) expect(ctx context.Context, shown *ui.Many) {
	name := cmp.Or(o.filesFrom, o.manifest)
	if name == "" {
		shown.Expect(len(o.args))
		return
	}
	terminator := []byte{'\n'}
	if o.null {
		terminator[0] = 0
	}
	if info, err := os.Stat(name); err != nil || name == "-" || !info.Mode().IsRegular() {
		return
	}
	go func() {
		_ = fault.Catch(func() error { // without it the bar only knows less
			n, err := countIn(ctx, name, terminator)
			if err == nil {
				shown.Expect(n)
			}
			return err
		})
	}()
}

// countIn counts what ends with a terminator in a file.
func countIn(ctx context.Context, name string, terminator []byte) (n int, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for piece := make([]byte, 64<<10); ctx.Err() == nil; {
		read, err := file.Read(piece)
		n += bytes.Count(piece[:read], terminator)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}

// openList opens a list by its name, or standard input.
func openList(flag, name string, stdin *os.File) (transfer.List, func(), error) {
	if name == "-" {
		return transfer.List{Name: "standard input", Reader: stdin}, func() {}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return transfer.List{}, func() {}, unusable("%s: reading %s: %w", flag, name, usertext.FileReason(err))
	}
	return transfer.List{Name: name, Reader: file}, func() { _ = io.Closer(file).Close() }, nil
}

// listOf is a list of what is known already.
func listOf(inputs ...transfer.Input) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for _, input := range inputs {
			if !yield(input, nil) {
				return
			}
		}
	}
}
