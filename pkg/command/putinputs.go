package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// inputs returns the input or the list to upload, without opening it.
func (o *putOptions) inputs(a *app) (single *transfer.Input, list transfer.Inputs, err error) {
	if err := o.checkInputs(); err != nil {
		return nil, nil, err
	}
	like := o.like
	like.Tag = o.metadata.tag
	switch {
	case o.pack:
		single, err = o.packOptions.input(o.args, like)
		return single, nil, err
	case o.turboCache != "":
		list, err = o.turboArtifacts(like)
	case o.isListed():
		list, err = o.open(a.env.Stdin, like)
	case o.recursive:
		list = o.filesBelow(like, func(path string, why transfer.Skip) {
			o.leftOut.Add(1)
			a.warn(fmt.Sprintf("skipping %s: %s", path, why))
		})
	case len(o.args) == 0 && ui.IsTerminal(a.env.Stdin):
		return nil, nil, usage("no input: name a file, or pipe one in")
	case len(o.args) == 0:
		like.RefuseEmpty = true
		return &named([]string{"-"}, a.env.Stdin, like)[0], nil, nil
	case len(o.args) == 1 && o.shard == (transfer.Shard{}):
		return &named(o.args, a.env.Stdin, like)[0], nil, nil
	default:
		list = listOf(named(o.args, a.env.Stdin, like)...)
	}
	if err != nil {
		return nil, nil, err
	}
	return nil, o.shard.Of(list), nil
}

// checkInputs rejects invalid combinations.
func (o *putOptions) checkInputs() error {
	if err := o.checkFiles(); err != nil {
		return err
	}
	if err := o.packOptions.check(o.args, o.isListed() || o.recursive || o.shard != (transfer.Shard{})); err != nil {
		return err
	}
	many := o.isListed() || o.recursive || o.turboCache != "" || len(o.args) > 1 && !o.pack
	switch {
	case o.turboCache != "" && (o.isListed() || o.recursive || o.pack || len(o.args) > 0):
		return usage("--turbo-cache does not go with files and other lists")
	case o.recursive && len(o.args) == 0:
		return usage("--recursive needs the name of a directory")
	case o.recursive && slices.Contains(o.args, "-"):
		return usage("- is standard input, not a directory")
	case len(o.exclude) > 0 && !o.recursive && !o.pack:
		return usage("--exclude needs --recursive or --pack")
	case o.shard != (transfer.Shard{}) && !o.isListed() && o.turboCache == "" && len(o.args) == 0:
		return usage("--shard needs a list")
	case many && o.like.ID != "":
		return usage("--hash and --key are for a single input")
	case many && o.metadata.tag != "":
		return usage("--tag is for a single input; in a manifest each entry can have one")
	}
	return nil
}

// turboCacheDefault is the value of --turbo-cache without one. Help shows it as the
// placeholder of the value.
const turboCacheDefault = "DIR"

// turboArtifacts returns the artifacts in turbo's local cache. Most of them are usually
// in the remote cache too, so they are looked up first.
func (o *putOptions) turboArtifacts(like transfer.Input) (transfer.Inputs, error) {
	o.uploader.SkipExisting = true
	dir := o.turboCache
	if dir == turboCacheDefault {
		root, err := settings.ProjectRoot(workingDirectory())
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(root, ".turbo", "cache")
	}
	if _, err := os.ReadDir(dir); err != nil {
		return nil, unusable("--turbo-cache: reading %s: %w", dir, usertext.FileReason(err))
	}
	return transfer.TurboCache(dir, like), nil
}

// filesBelow returns the files in directories, and the named files. skipped, if
// not nil, is called for files that are skipped.
func (o *putOptions) filesBelow(like transfer.Input, skipped func(path string, why transfer.Skip)) transfer.Inputs {
	return func(yield func(transfer.Input, error) bool) {
		for _, path := range o.args {
			inputs := listOf(named([]string{path}, nil, like)...)
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				inputs = transfer.Tree{Root: path, Exclude: o.exclude, Skipped: skipped}.Files(like)
			}
			for input, err := range inputs {
				if !yield(input, err) {
					return
				}
			}
		}
	}
}

// expect sets the expected number of inputs. It walks directories separately,
// because the other walk is as slow as the uploads.
func (o *putOptions) expect(ctx context.Context, shown *ui.Many) {
	switch {
	case o.recursive:
		shown.ExpectCount(func() (n int, err error) {
			for range o.shard.Of(o.filesBelow(transfer.Input{}, nil)) { //nolint:errcheck // the other walk reports errors
				if n++; ctx.Err() != nil {
					return 0, ctx.Err()
				}
			}
			return n, nil
		})
	case o.shard == (transfer.Shard{}):
		o.listOptions.expect(ctx, shown)
	}
}
