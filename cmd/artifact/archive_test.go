package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// tarEnd ends an archive.
var tarEnd = strings.Repeat("\x00", 1024)

// tarEntry is a header and content as they are written, since archive/tar refuses to
// write much of what turbo has to refuse.
func tarEntry(kind byte, name, target, content string) string {
	header := make([]byte, 512)
	copy(header, name)
	copy(header[100:], "0000644")
	copy(header[124:], fmt.Sprintf("%011o", len(content)))
	header[156] = kind
	copy(header[157:], target)
	copy(header[257:], "ustar  ")
	sum := 8 * ' '
	for _, b := range header {
		sum += rune(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	return string(header) + content + strings.Repeat("\x00", -len(content)&511)
}

func tarFile(name string) string         { return tarEntry('0', name, "", "x") }
func tarDir(name string) string          { return tarEntry('5', name, "", "") }
func tarLink(name, target string) string { return tarEntry('2', name, target, "") }

// compressTar makes an artifact of entries.
func compressTar(entries ...string) string {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // of no options
	}
	return string(encoder.EncodeAll([]byte(strings.Join(entries, "")), nil))
}

// runArchive makes an artifact: archive FILE ENTRY..., where a file is NAME or
// NAME=LINE, a directory NAME/, a link NAME->TARGET, and a hard link NAME=>TARGET.
func runArchive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: archive FILE ENTRY...")
	}
	var entries []string
	for _, arg := range args[1:] {
		link, target, isLink := strings.Cut(arg, "->")
		hard, same, isHard := strings.Cut(arg, "=>")
		name, content, _ := strings.Cut(arg, "=")
		switch {
		case isLink:
			entries = append(entries, tarLink(link, target))
		case isHard:
			entries = append(entries, tarEntry('1', hard, same, ""))
		case strings.HasSuffix(arg, "/"):
			entries = append(entries, tarDir(arg))
		default:
			entries = append(entries, tarEntry('0', name, "", content+"\n"))
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(compressTar(append(entries, tarEnd)...)), 0o600))
}
