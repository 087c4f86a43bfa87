package archive

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"time"
)

// packing is one run of a [Packer].
type packing struct {
	Packer
	place   place
	archive *tar.Writer
	buffer  []byte
	entries int
	bytes   int64
}

// add packs a file, or a directory with everything below it. dir is the directory
// that it lies in, or the root for a path that was named.
func (p *packing) add(ctx context.Context, dir *os.Root, name string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	inDir := name
	if dir != p.place.root {
		inDir = path.Base(name)
	}
	if name != "." {
		if p.excludes(name) {
			return nil
		}
		if reason := checkName(name); reason != "" {
			return &EntryError{Name: name, Reason: reason, Err: ErrUnsupported}
		}
	}
	info, err := dir.Lstat(inDir)
	if err != nil {
		return failed(name, err)
	}
	switch {
	case info.IsDir():
		return p.addDir(ctx, dir, inDir, name, info)
	case info.Mode().IsRegular():
		return p.addFile(ctx, dir, inDir, name, info)
	case info.Mode()&fs.ModeSymlink != 0:
		return p.addLink(dir, inDir, name)
	}
	return &EntryError{Name: name, Reason: kindOf(info.Mode()) + " cannot be stored in an archive", Err: ErrUnsupported}
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a file of this kind"
}

func (p *packing) addDir(ctx context.Context, dir *os.Root, inDir, name string, listed fs.FileInfo) error {
	if name != "." {
		if err := p.header(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}); err != nil {
			return err
		}
	}
	opened, err := dir.OpenRoot(inDir)
	if err != nil {
		return failed(name, err)
	}
	defer opened.Close()
	if info, err := opened.Stat("."); err != nil || !os.SameFile(info, listed) {
		return changed(name)
	}
	children, err := childrenOf(opened)
	if err != nil {
		return failed(name, err)
	}
	for _, c := range children {
		if err := p.add(ctx, opened, path.Join(name, c.name)); err != nil {
			return err
		}
	}
	return nil
}

func (p *packing) addFile(ctx context.Context, dir *os.Root, inDir, name string, listed fs.FileInfo) error {
	if err := wait(ctx, settles(listed.ModTime(), time.Now())); err != nil {
		return err
	}
	file, err := dir.OpenFile(inDir, openFlags, 0)
	if err != nil {
		return failed(name, err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return failed(name, err)
	}
	if !isSame(before, listed) {
		return changed(name)
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: before.Size()}
	if before.Mode()&0o100 != 0 || runtime.GOOS == "windows" {
		header.Mode = 0o755
	}
	if err := p.header(header); err != nil {
		return err
	}
	if err := p.copy(ctx, file, name, header.Size); err != nil {
		return err
	}
	after, err := dir.Lstat(inDir)
	if err != nil {
		return failed(name, err)
	}
	if !isSame(after, before) {
		return changed(name)
	}
	return nil
}

// isSame reports whether a and b describe the same, unchanged file.
func isSame(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// settles returns how long to wait until another write is sure to change a file's
// time. It returns 0 for a time far in the future, which a program must have set.
func settles(modified, now time.Time) time.Duration {
	tick := 20 * time.Millisecond // kernels move file times in steps of up to 10 ms
	if modified.Nanosecond() == 0 {
		tick = 2 * time.Second // FAT's step
	}
	age := now.Sub(modified)
	if age >= tick || age < -tick {
		return 0
	}
	return tick - age
}

func wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// copy packs size bytes of a file.
func (p *packing) copy(ctx context.Context, file io.Reader, name string, size int64) error {
	for size > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := file.Read(p.buffer[:min(size, int64(len(p.buffer)))])
		if _, err := p.archive.Write(p.buffer[:n]); err != nil {
			return err
		}
		size -= int64(n)
		p.observe(int64(n))
		switch {
		case err == io.EOF && size > 0:
			return changed(name)
		case err != nil && err != io.EOF:
			return failed(name, err)
		}
	}
	return nil
}

func (p *packing) addLink(dir *os.Root, inDir, name string) error {
	target, err := dir.Readlink(inDir)
	if err != nil {
		return failed(name, err)
	}
	inside := target
	if filepath.IsAbs(target) {
		inside = p.relative(name, target)
	}
	inside = filepath.ToSlash(inside)
	if inside == "" || leaves(name, inside) {
		return &EntryError{Name: name, Reason: fmt.Sprintf("the link leads out of %s, to %s", p.place.path, target), Err: ErrUnsupported}
	}
	return p.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: inside, Mode: 0o777})
}

// relative returns the target of an absolute link as seen from the link, or "" if
// it is not below the place.
func (p *packing) relative(name, target string) string {
	resolved, _ := filepath.EvalSymlinks(p.place.path)
	for _, place := range []string{p.place.path, resolved} {
		if within(place, target) {
			relative, _ := filepath.Rel(filepath.Join(place, path.Dir(name)), target)
			return relative
		}
	}
	return ""
}

// header begins an entry. Ids and times are 0, as turbo's are.
func (p *packing) header(h *tar.Header) error {
	h.Format, h.ModTime = tar.FormatGNU, time.Unix(0, 0)
	if err := p.archive.WriteHeader(h); err != nil {
		return err
	}
	p.entries++
	p.observe(0)
	return nil
}

func (p *packing) observe(n int64) {
	p.bytes += n
	if p.Packed != nil {
		p.Packed(p.entries, p.bytes)
	}
}

func changed(name string) error { return &EntryError{Name: name, Err: ErrChanged} }

// failed returns the error for a file that cannot be packed.
func failed(name string, err error) error {
	if os.IsNotExist(err) {
		return &EntryError{Name: name, Reason: "it vanished while it was packed", Err: ErrChanged}
	}
	return &EntryError{Name: name, Err: err}
}
