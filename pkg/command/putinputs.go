package command

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// inputs returns what to upload, without opening it: a single input, or a list.
func (o *putOptions) inputs(a *app) (single *transfer.Input, list transfer.Inputs, closeList func(), err error) {
	closeList = func() {}
	if err := o.checkInputs(); err != nil {
		return nil, nil, closeList, err
	}
	like := transfer.Input{ID: o.hash, Algorithm: o.algorithm, Tag: o.metadata.tag}
	switch {
	case o.isListed():
		list, closeList, err = o.open(a.env.Stdin, like)
	case o.recursive:
		list = o.filesBelow(a, like)
	case len(o.args) <= 1 && o.shard == (transfer.Shard{}):
		single, err = o.single(a.env.Stdin, like)
		return single, nil, closeList, err
	default:
		list = named(o.args, a.env.Stdin, like)
	}
	if err != nil {
		return nil, nil, closeList, err
	}
	return nil, o.shard.Of(list), closeList, nil
}

func (o *putOptions) isListed() bool { return o.filesFrom != "" || o.manifest != "" }

// checkInputs refuses what does not fit together.
func (o *putOptions) checkInputs() error {
	if err := o.listOptions.check("FILE"); err != nil {
		return err
	}
	streams := 0
	for _, path := range o.args {
		if path == "-" {
			streams++
		}
		if path == "" {
			return usage("the name of the input is empty, as that of a variable that is not set")
		}
	}
	many := o.isListed() || o.recursive || len(o.args) > 1
	switch {
	case o.recursive && len(o.args) == 0:
		return usage("--recursive needs the name of a directory")
	case len(o.exclude) > 0 && !o.recursive:
		return usage("--exclude is for --recursive")
	case o.shard != (transfer.Shard{}) && !o.isListed() && len(o.args) == 0:
		return usage("--shard is for a list")
	case many && o.hash != "":
		return usage("one --hash is for one input")
	case many && o.metadata.tag != "":
		return usage("one --tag is for one input; a manifest has one for each")
	case streams > 1 || streams > 0 && o.recursive:
		return usage("- is standard input, which can be read once, and is no directory")
	}
	return nil
}

// single is the one input: a file, or standard input.
func (o *putOptions) single(stdin *os.File, like transfer.Input) (*transfer.Input, error) {
	input := like
	input.Path = "-"
	switch {
	case len(o.args) == 1:
		input.Path = filepath.ToSlash(o.args[0])
	case ui.IsTerminal(stdin):
		return nil, usage("no input: name a file, or pipe one in")
	default:
		input.RefuseEmpty = true
	}
	if input.Path == "-" {
		input.Stream = stdin
	}
	return &input, nil
}

// named are inputs that were given by their names.
func named(paths []string, stdin *os.File, like transfer.Input) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for _, path := range paths {
			input := like
			if input.Path = filepath.ToSlash(path); path == "-" {
				input.Stream = stdin
			}
			if !yield(input, nil) {
				return
			}
		}
	}
}

// filesBelow are the files below directories, and those that are named.
func (o *putOptions) filesBelow(a *app, like transfer.Input) transfer.Inputs {
	tree := transfer.Tree{Exclude: o.exclude, Skipped: func(path string, why transfer.Skip) {
		o.leftOut.Add(1)
		a.warn(fmt.Sprintf("skipping %s: %s", path, why))
	}}
	return func(yield func(transfer.Input, error) bool) {
		for _, path := range o.args {
			inputs := named([]string{path}, nil, like)
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
