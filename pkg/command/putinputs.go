package command

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// inputs finds out what is to be uploaded, without opening it: a single input,
// or a list.
func (o *putOptions) inputs(a *app) (single *transfer.Input, list transfer.Inputs, closeList func(), err error) {
	closeList = func() {}
	like, err := o.like()
	if err != nil {
		return nil, nil, closeList, err
	}
	if err := o.checkInputs(); err != nil {
		return nil, nil, closeList, err
	}
	shard := transfer.Shard{}
	if o.shard != "" {
		if shard, err = transfer.ParseShard(o.shard); err != nil {
			return nil, nil, closeList, usage("--shard: %w", err)
		}
	}
	switch {
	case o.isListed():
		list, closeList, err = o.open(a.env.Stdin, like)
	case o.recursive:
		list, err = o.filesBelow(a, like)
	case len(o.args) <= 1 && o.shard == "":
		single, err = o.single(a.env.Stdin, like)
		return single, nil, closeList, err
	default:
		list = named(o.args, a.env.Stdin, like)
	}
	if err != nil {
		return nil, nil, closeList, err
	}
	return nil, shard.Of(list), closeList, nil
}

func (o *putOptions) isListed() bool { return o.filesFrom != "" || o.manifest != "" }

// like is what all inputs have in common.
func (o *putOptions) like() (transfer.Input, error) {
	input := transfer.Input{Tag: o.metadata.tag}
	if o.hash.given { // also without a value: a key that was lost is no reason to derive one
		if len(o.args) > 1 {
			return input, usage("one --hash is for one input, and %d are given", len(o.args))
		}
		id, err := artifact.ParseID(o.hash.text)
		if err != nil {
			return input, usage("--hash: %w", err)
		}
		input.ID = id
	}
	algorithm, err := transfer.ParseAlgorithm(o.algorithm)
	if err != nil {
		return input, usage("--algorithm: %w", err)
	}
	input.Algorithm = algorithm
	return input, nil
}

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
	case o.shard != "" && !o.isListed() && len(o.args) == 0:
		return usage("--shard is for a list")
	case many && o.hash.given:
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
func (o *putOptions) filesBelow(a *app, like transfer.Input) (transfer.Inputs, error) {
	tree := transfer.Tree{Skipped: func(path string, why transfer.Skip) {
		o.leftOut.Add(1)
		a.warn(fmt.Sprintf("skipping %s: %s", path, why))
	}}
	for _, text := range o.exclude {
		glob, err := transfer.ParseGlob(text)
		if err != nil {
			return nil, usage("--exclude: %w", err)
		}
		tree.Exclude = append(tree.Exclude, glob)
	}
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
	}, nil
}
