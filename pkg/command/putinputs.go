package command

import (
	"fmt"
	"os"
	"slices"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// inputs returns what to upload, without opening it: a single input, or a list.
func (o *putOptions) inputs(a *app) (single *transfer.Input, list transfer.Inputs, err error) {
	if err := o.checkInputs(); err != nil {
		return nil, nil, err
	}
	like := transfer.Input{ID: o.hash, Algorithm: o.algorithm, Tag: o.metadata.tag}
	switch {
	case o.isListed():
		list, err = o.open(a.env.Stdin, like)
	case o.recursive:
		list = o.filesBelow(a, like)
	case len(o.args) <= 1 && o.shard == (transfer.Shard{}):
		single, err = o.single(a.env.Stdin, like)
		return single, nil, err
	default:
		list = listOf(named(o.args, a.env.Stdin, like)...)
	}
	if err != nil {
		return nil, nil, err
	}
	return nil, o.shard.Of(list), nil
}

// checkInputs refuses what does not fit together.
func (o *putOptions) checkInputs() error {
	if err := o.checkFiles(); err != nil {
		return err
	}
	many := o.isListed() || o.recursive || len(o.args) > 1
	switch {
	case o.recursive && len(o.args) == 0:
		return usage("--recursive needs the name of a directory")
	case o.recursive && slices.Contains(o.args, "-"):
		return usage("- is standard input, not a directory")
	case len(o.exclude) > 0 && !o.recursive:
		return usage("--exclude needs --recursive")
	case o.shard != (transfer.Shard{}) && !o.isListed() && len(o.args) == 0:
		return usage("--shard needs a list")
	case many && o.hash != "":
		return usage("--hash is for a single input")
	case many && o.metadata.tag != "":
		return usage("--tag is for a single input; in a manifest each entry can have one")
	}
	return nil
}

// single returns the one input: a file, or standard input.
func (o *putOptions) single(stdin *os.File, like transfer.Input) (*transfer.Input, error) {
	if len(o.args) == 1 {
		return &named(o.args, stdin, like)[0], nil
	}
	if ui.IsTerminal(stdin) {
		return nil, usage("no input: name a file, or pipe one in")
	}
	like.RefuseEmpty = true
	return &named([]string{"-"}, stdin, like)[0], nil
}

// filesBelow returns the files below directories, and those that are named.
func (o *putOptions) filesBelow(a *app, like transfer.Input) transfer.Inputs {
	tree := transfer.Tree{Exclude: o.exclude, Skipped: func(path string, why transfer.Skip) {
		o.leftOut.Add(1)
		a.warn(fmt.Sprintf("skipping %s: %s", path, why))
	}}
	return func(yield func(transfer.Input, error) bool) {
		for _, path := range o.args {
			inputs := listOf(named([]string{path}, nil, like)...)
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				tree.Root = path
				inputs = tree.Files(like)
			}
			for input, err := range inputs {
				if !yield(input, err) {
					return
				}
			}
		}
	}
}
