package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
)

// TestCheck refuses what turbo ignores, and takes what turbo takes.
func TestCheck(t *testing.T) {
	t.Parallel()
	good := handmade(t, dir("d/"), file("d/f"))
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	must(t, zip.Close())
	pax := file("d/f")
	pax.Format, pax.PAXRecords = tar.FormatPAX, map[string]string{"comment": "x"}
	for _, test := range []struct {
		name   string
		packed []byte
		want   string // nothing for an archive that is taken
	}{
		{"good", good, ""},
		{"no entry", handmade(t), ""},
		{"PAX", handmade(t, pax), ""},
		{"no directory entries", handmade(t, file("a/b/c")), ""},
		{"twice", handmade(t, file("f"), file("f")), ""},
		{"link before its target", handmade(t, link("l", "d/f"), file("d/f")), ""},
		{"dangling link", handmade(t, link("l", "nowhere")), ""},
		{"link cycle", handmade(t, link("a", "b"), link("b", "a")), ""},
		{"absolute link inside", handmade(t, link("l", "/root/of/it/d")), ""},
		{"two frames", append(handmade(t)[:0:0], good...), ""},
		{"bytes behind the end", append(bytes.Clone(good), "more"...), ""},

		{"empty", nil, "not a tar archive compressed with Zstandard: it is empty"},
		{"gzip", zipped.Bytes(), "not a tar archive compressed with Zstandard: it is gzip"},
		{"text", []byte("hello, world"), "not a tar archive compressed with Zstandard: it does not begin with a Zstandard frame"},
		{"cut", good[:len(good)/2], "not a tar archive compressed with Zstandard: unexpected EOF"},
		{"dot slash", handmade(t, file("./f")), "./f: its name is not a clean path"},
		{"dot", handmade(t, dir("./")), "./: its name is not a clean path"},
		{"empty part", handmade(t, file("a//b")), "a//b: its name is not a clean path"},
		{"dots", handmade(t, file("a/../../b")), "a/../../b: its name leads out of the root"},
		{"absolute", handmade(t, file("/etc/passwd")), "/etc/passwd: its name is an absolute path"},
		{"drive", handmade(t, file(`C:\x`)), `C:\x: its name is an absolute path`},
		{"backslash", handmade(t, file(`\x`)), `\x: its name is an absolute path`},
		{"not UTF-8", handmade(t, file("a\xff")), "a\xff: its name is not UTF-8"},
		{"git", handmade(t, file("p/.GIT/config")), "p/.GIT/config: it lies in a .git directory"},
		{"hard link", handmade(t, &tar.Header{Typeflag: tar.TypeLink, Name: "l", Linkname: "f"}), "l: it is a hard link"},
		{"FIFO", handmade(t, &tar.Header{Typeflag: tar.TypeFifo, Name: "p"}), "p: it is a FIFO"},
		{"device", handmade(t, &tar.Header{Typeflag: tar.TypeChar, Name: "c"}), "c: it is a device"},
		{"contiguous", handmade(t, &tar.Header{Typeflag: tar.TypeCont, Name: "c"}),
			"c: it is of type '7', which is not a file, directory or symbolic link"},
		{"global header", handmade(t, &tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"a": "b"}}),
			"a PAX global header: turbo refuses archives with one, which git archive writes"},
		{"link out", handmade(t, link("d/l", "../../x")), "d/l: it is a link out of the root, to ../../x"},
		{"absolute link out", handmade(t, link("l", "/etc/passwd")), "l: it is a link out of the root, to /etc/passwd"},
		{"below a file", handmade(t, file("f"), file("f/g")), "f/g: it lies below the file f"},
		{"below a link", handmade(t, link("l", "d"), file("l/g")), "l/g: it lies below the link l"},
		{"below a link to a directory", handmade(t, dir("d/"), link("l", "d"), file("l/g")), ""},
		{"below a link to the root", handmade(t, link("l", "."), file("l/g")), ""},
		{"below a link to a file", handmade(t, file("d"), link("l", "d"), file("l/g")), "l/g: it lies below the link l"},
		{"below a link to a link", handmade(t, dir("d/"), link("m", "d"), link("l", "m"), file("l/g")), ""},
		{"below a cycle", handmade(t, link("a", "b"), link("b", "a"), file("a/g")), "a/g: it lies below the link a"},
		{"a file again, below a link", handmade(t, file("d/f"), link("l", "d"), file("l/f/g")), "l/f/g: it lies below the file d/f"},
		{"a file, then a directory", handmade(t, file("f"), dir("f/")), "f: another entry of this name is of another kind"},
		{"sparse", compressed(t, record("f", 'S', nil)), "f: it is a sparse file"},
		{"sparse by PAX", compressed(t, record("x", 'x', []byte(paxSparse)), record("f", '0', append([]byte("0\n"), make([]byte, 510)...))), "name: it is a sparse file"},
		{"too many", handmade(t, file("1"), file("2"), file("3"), file("4"), file("5")), "5: the archive is too large: it has more than 4 entries"},
		{"too large", handmade(t, &tar.Header{Typeflag: tar.TypeReg, Name: "f", Size: 1 << 20}),
			"f: the archive is too large: it unpacks to more than 65536 bytes"},
	} {
		err := Check(t.Context(), bytes.NewReader(test.packed), "/root/of/it", Limits{Entries: 4, Size: 64 << 10}, nil)
		if text(err) != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// paxSparse describes one hole of 4 GiB, as GNU tar does.
const paxSparse = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n24 GNU.sparse.name=name\n34 GNU.sparse.realsize=4294967296\n"

// record is a part of a tar that archive/tar would not write.
func record(name string, kind byte, content []byte) []byte {
	header := make([]byte, 512)
	copy(header, name)
	copy(header[100:], "0000644")
	copy(header[124:], fmt.Sprintf("%011o", len(content)))
	header[156] = kind
	copy(header[257:], "ustar  ")
	sum := 8 * ' '
	for _, b := range header {
		sum += rune(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	return append(append(header, content...), make([]byte, -len(content)&511)...)
}

func compressed(t *testing.T, parts ...[]byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	must(t, err)
	return encoder.EncodeAll(bytes.Join(parts, nil), nil)
}

// TestReaderBounds what an archive makes of few bytes.
func TestReaderBounds(t *testing.T) {
	t.Parallel()
	longName := record("././@LongLink", 'L', make([]byte, 1<<20))
	longNames := compressed(t, slices.Repeat([][]byte{longName}, 100)...) // and never an entry
	deep := strings.Repeat("d/", 2000) + "f"
	for _, test := range []struct {
		name   string
		packed []byte
		limits Limits
		want   string
	}{
		{"endless headers", longNames, Limits{}, ErrNotArchive.Error() + ": an entry has headers of more than 4 MiB"},
		{"directories without entries", handmade(t, file(deep)), Limits{Entries: 1000}, deep + ": the archive is too large: it has more than 1000 entries"},
		{"long name", handmade(t, file(strings.Repeat("d/", 2048)+"f")), Limits{}, strings.Repeat("d/", 2048) + "f: its name is longer than 4095 bytes"},
		{"just enough", handmade(t, &tar.Header{Typeflag: tar.TypeReg, Name: "f", Size: 10}), Limits{Entries: 1, Size: 10}, ""},
		{"one too many", handmade(t, &tar.Header{Typeflag: tar.TypeReg, Name: "f", Size: 11}), Limits{Entries: 1, Size: 10}, "f: the archive is too large: it unpacks to more than 10 bytes"},
	} {
		if err := Check(t.Context(), bytes.NewReader(test.packed), "", test.limits, nil); text(err) != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestReaderTellsWhoFailed: a connection that breaks says nothing about the archive.
func TestReaderTellsWhoFailed(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	content := make([]byte, 1<<20)
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	root := t.TempDir()
	tree{"f": string(content)}.write(t, root)
	packed := pack(t, Packer{Dir: root}, "f")
	broken := errors.New("connection reset")
	for _, n := range []int{0, 3, 100, len(packed) / 2, len(packed)} {
		r := io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(broken))
		if err := Check(t.Context(), r, "", Limits{}, nil); err != broken {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	r := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), readerFunc(func([]byte) (int, error) { panic("oops") }))
	if err := Check(t.Context(), r, "", Limits{}, nil); text(err) != "a bug in this program: oops" {
		t.Errorf("%v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// FuzzCheck reads bytes as they are, and as a tar that has yet to be compressed.
// Checking and unpacking must agree, and nothing may stay of what was refused.
func FuzzCheck(f *testing.F) {
	t := new(testing.T)
	good := handmade(t, dir("d/"), file("d/f"), link("d/l", "f"))
	f.Add(good)
	f.Add(handmade(t, file("../x")))
	decoder, err := zstd.NewReader(nil)
	must(t, err)
	plain, err := decoder.DecodeAll(good, nil)
	must(t, err)
	f.Add(plain)
	f.Add(record("x", 'x', []byte(paxSparse)))
	encoder, err := zstd.NewWriter(nil) // one for all, since that takes long
	must(t, err)
	f.Fuzz(func(t *testing.T, packed []byte) {
		if !isFrame(packed) {
			packed = encoder.EncodeAll(packed, nil)
		}
		limits := Limits{Entries: 100, Size: 1 << 20}
		wrong := Check(t.Context(), bytes.NewReader(packed), "/r", limits, nil)
		if wrong == nil { // unpacking does not write through links, as turbo does
			wrong = each(t.Context(), bytes.NewReader(packed), "/r", limits, newChecker(limits.Entries), func(Entry, io.Reader) error { return nil })
		}
		to := t.TempDir()
		staged, err := Unpacker{Dir: to, Limits: limits}.Stage(t.Context(), bytes.NewReader(packed))
		fromSystem := errors.As(err, new(syscall.Errno)) // a name of 256 bytes
		if (err == nil) != (wrong == nil) && !fromSystem {
			t.Fatalf("unpacking says %v, checking %v", err, wrong)
		}
		if err == nil {
			staged.Discard()
		}
		if left := treeOf(t, to); len(left) > 0 {
			t.Fatalf("left behind: %v", left)
		}
	})
}
