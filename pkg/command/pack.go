package command

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/archive"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// packOptions are the flags of commands that pack directories.
type packOptions struct {
	pack    bool
	dir     string
	exclude []transfer.Glob
}

func (o *packOptions) register(flags *pflag.FlagSet, usage string) {
	flags.BoolVar(&o.pack, "pack", false, usage)
	directoryFlag(flags, &o.dir, "where paths and names in the archive start")
	globFlag(flags, &o.exclude, "exclude", "leave out matching files; repeatable")
}

// directoryFlag registers -C.
func directoryFlag(flags *pflag.FlagSet, to *string, usage string) {
	fileFlag(flags, to, "directory,C", "DIRECTORY", usage)
}

// globFlag registers a repeatable flag for patterns.
func globFlag(flags *pflag.FlagSet, to *[]transfer.Glob, name, usage string) {
	parsedFlag(flags, to, name, "GLOB", usage, func(text string) ([]transfer.Glob, error) {
		glob, err := transfer.ParseGlob(text)
		return append(*to, glob), err
	})
}

// check refuses what does not go with --pack.
func (o *packOptions) check(paths []string, many bool) error {
	switch {
	case !o.pack && o.dir != "":
		return usage("-C needs --pack")
	case !o.pack:
		return nil
	case len(paths) == 0:
		return usage("--pack needs the name of a directory or file")
	case many:
		return usage("--pack makes one archive: it does not go with lists or --recursive")
	case slices.Contains(paths, "-"):
		return usage("- is standard input, and cannot be packed")
	}
	return nil
}

// input returns the archive of paths as a copy of the input like. Nothing is packed
// yet.
func (o *packOptions) input(paths []string, like transfer.Input) (*transfer.Input, error) {
	packer := archive.Packer{Dir: o.dir, Exclude: patterns(o.exclude)}
	if info, err := os.Stat(o.dir); o.dir != "" && (err != nil || !info.IsDir()) {
		return nil, notADirectory(o.dir, err)
	}
	name, err := packer.Check(paths...)
	switch {
	case errors.Is(err, archive.ErrRoot):
		return nil, unusable("%w", err)
	case err != nil:
		return nil, unusable("packing %w", err) // which names the path
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // the large buffers of packing would delay collections
	}
	like.Path, like.Pack = o.archiveName(name), &transfer.Packing{Packer: packer, Paths: paths}
	return &like, nil
}

// archiveName returns the name of the archive of a path, as get -c makes it.
func (o *packOptions) archiveName(name string) string {
	if name == "." {
		dir, err := filepath.Abs(o.dir)
		if err != nil {
			dir = "archive" // the working directory was removed
		}
		name = path.Base(filepath.ToSlash(dir))
	}
	return name + ".tar.zst"
}

// notADirectory returns the error for a -C that is not a directory.
func notADirectory(dir string, err error) error {
	if err != nil {
		return unusable("-C: opening %s: %w", dir, usertext.FileReason(err))
	}
	return unusable("-C: %s is not a directory", dir)
}

// showPacking shows the progress of packing an input.
func showPacking(input *transfer.Input, shown *ui.Transfer) {
	if input.Pack != nil {
		input.Pack.Packed = shown.Packed
	}
}

func patterns(globs []transfer.Glob) []string {
	texts := make([]string, len(globs))
	for i, glob := range globs {
		texts[i] = string(glob)
	}
	return texts
}

// unpackOptions are the flags of get for archives.
type unpackOptions struct {
	unpack, list bool
	dir          string
	only         []transfer.Glob
	limits       archive.Limits
}

// The default limits of what an archive may unpack to.
const (
	defaultMaxEntries = 1_000_000
	defaultMaxSize    = 64 << 30
)

func (o *unpackOptions) register(flags *pflag.FlagSet) {
	o.limits = archive.Limits{Entries: defaultMaxEntries, Size: defaultMaxSize}
	flags.BoolVar(&o.unpack, "unpack", false, "unpack an archive of put --pack or turbo")
	directoryFlag(flags, &o.dir, "where to download or unpack (default: here)")
	globFlag(flags, &o.only, "only", "unpack or list only matching entries; repeatable")
	flags.BoolVar(&o.list, "list", false, "print the names in the archive, as tar -t does")
	parsedFlag(flags, &o.limits.Entries, "max-entries", "N", "most entries in an archive (default 1 million)", parseEntries)
	parsedFlag(flags, &o.limits.Size, "max-size", "64G", "most bytes unpacked (default 64G)", ui.ParseSize)
}

func parseEntries(text string) (int, error) {
	n, err := parseCount(text)
	return int(min(n, 1<<30)), err //nolint:gosec // no more than fits
}

// check refuses what does not fit together. output is the value of -o.
func (o *unpackOptions) check(output string) error {
	switch {
	case o.unpack && o.list:
		return usage("give --unpack or --list, but not both")
	case o.isGiven() && output != "":
		return usage("-o is for the archive itself: --unpack takes -C DIR, and --list prints names")
	case o.list && o.dir != "":
		return usage("--list writes no files: leave -C out")
	case !o.isGiven() && len(o.only) > 0:
		return usage("--only needs --unpack or --list")
	}
	if info, err := os.Stat(o.dir); o.dir != "" && err == nil && !info.IsDir() {
		return notADirectory(o.dir, nil)
	}
	return nil
}

// isGiven reports whether the artifact is read as an archive.
func (o *unpackOptions) isGiven() bool { return o.unpack || o.list }

// target returns the target for an archive, or nil without a flag for archives.
func (o *unpackOptions) target(a *app) *transfer.Target {
	u := archive.Unpacker{Dir: o.dir, Only: patterns(o.only), Limits: o.limits}
	switch {
	case o.unpack:
		return transfer.UnpackTarget(u)
	case o.list:
		return transfer.ListTarget(workingDirectory(), o.limits, func(entry archive.Entry) error {
			if u.Wants(entry.Name) {
				a.printEntry(entry)
			}
			return a.streams.results.err
		})
	}
	return nil
}

// entryJSON is an entry of an archive as --json prints it.
type entryJSON struct {
	Path   string `json:"path"`
	Size   *int64 `json:"size,omitempty"`
	Mode   string `json:"mode"`
	Target string `json:"target,omitempty"`
}

// printEntry prints an entry as tar -t does, or as JSON.
func (a *app) printEntry(entry archive.Entry) {
	name := entry.Name
	if entry.Mode.IsDir() {
		name += "/"
	}
	if !a.common.json {
		a.printResult(ui.NameLine(name))
		return
	}
	shown := entryJSON{Path: name, Mode: strings.ToLower(entry.Mode.String()), Target: entry.Target}
	if entry.Mode.IsRegular() {
		shown.Size = &entry.Size
	}
	a.printJSON(shown)
}

// workingDirectory returns "" if it was removed: then nothing lies below it.
func workingDirectory() string {
	dir, _ := os.Getwd()
	return dir
}
