package main_test

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/artifact-cli/artifact/"

// modules are the other modules that each package may import.
var modules = map[string][]string{
	"pkg/archive":              {"github.com/bmatcuk/doublestar/v4", "github.com/klauspost/compress/zstd", "golang.org/x/sys"},
	"pkg/artifact":             {"golang.org/x/sys"},
	"pkg/command":              {"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/sys"},
	"pkg/command/internal/man": {"github.com/spf13/cobra", "github.com/spf13/pflag"},
	"pkg/internal/credential":  {"github.com/zalando/go-keyring", "golang.org/x/sys"},
	"pkg/internal/filelock":    {"golang.org/x/sys"},
	"pkg/internal/jsonfile":    {"github.com/tidwall/jsonc"},
	"pkg/internal/origin":      {"golang.org/x/net"},
	"internal/s3test":          {"github.com/Shopify/toxiproxy/v2"},
	"pkg/internal/store":       {"github.com/minio/minio-go/v7", "golang.org/x/sys"},
	"pkg/internal/transport":   {"golang.org/x/net", "golang.org/x/time", "golang.org/x/sys"},
	"pkg/internal/ui":          {"github.com/rivo/uniseg", "golang.org/x/term", "golang.org/x/sys"},
	"pkg/transfer":             {"github.com/bmatcuk/doublestar/v4", "github.com/zeebo/blake3"},
}

// arrow matches a package in the picture of docs/architecture.md, and what it may
// import. All packages may import fault.
var arrow = regexp.MustCompile(`(?m)^[ │├└─>]*((?:cmd|docs|internal|pkg)/[a-z0-9/]+) .*?(?:-> (.*))?$`)

// arrows returns what each package may import of this module. A package without
// an entry has no place in the picture.
func arrows(t *testing.T) map[string][]string {
	t.Helper()
	picture := block.FindString(readAll(t, "docs/architecture.md")["docs/architecture.md"])
	allowed := map[string][]string{}
	for _, found := range arrow.FindAllStringSubmatch(picture, -1) {
		allowed[found[1]] = strings.Split("fault, "+found[2], ", ")
	}
	return allowed
}

// TestArrows compares the imports of every package, for each system that is built,
// with the picture of docs/architecture.md.
func TestArrows(t *testing.T) {
	t.Parallel()
	allowed := arrows(t)
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
		list.Dir = repository
		list.Env = append(list.Environ(), "GOOS="+system)
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); seen++ {
			var pkg struct {
				ImportPath string
				Imports    []string
			}
			if err := decoder.Decode(&pkg); err != nil {
				t.Fatal(err)
			}
			name := strings.TrimPrefix(pkg.ImportPath, module)
			if allowed[name] == nil {
				t.Errorf("%s is not in docs/architecture.md", name)
			}
			for _, path := range pkg.Imports {
				if !mayImport(name, path, allowed[name]) {
					t.Errorf("%s must not import %s", name, path)
				}
			}
		}
		if seen < len(allowed) {
			t.Errorf("%s: %d packages, but %d in docs/architecture.md", system, seen, len(allowed))
		}
	}
}

func mayImport(name, path string, allowed []string) bool {
	if own, ok := strings.CutPrefix(path, module); ok {
		own, isBelow := strings.CutPrefix(own, "pkg/")
		return isBelow && slices.Contains(allowed, "all below") || slices.Contains(allowed, strings.TrimPrefix(own, "internal/"))
	}
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") || slices.ContainsFunc(modules[name], func(m string) bool {
		return path == m || strings.HasPrefix(path, m+"/")
	})
}
