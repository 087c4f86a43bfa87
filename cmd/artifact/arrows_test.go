package main_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/artifact-cli/artifact/"

// room is what a package may import beside the standard library.
type room struct {
	rooms   []string // of this module
	modules []string // of others
}

// rooms are the arrows of docs/architecture.md. A package
// that is not listed has no place yet.
var rooms = map[string]room{
	"docs/plot":    {},
	"cmd/artifact": {rooms: []string{"pkg/command"}},
	"pkg/command": {
		rooms: []string{
			"pkg/internal/ui", "pkg/artifact", "pkg/client", "pkg/transfer", "pkg/internal/api",
			"pkg/internal/credential", "pkg/internal/fault", "pkg/internal/identity", "pkg/internal/printable", "pkg/internal/provenance",
			"pkg/internal/redact", "pkg/internal/server", "pkg/internal/settings", "pkg/internal/store", "pkg/internal/tempfile", "pkg/internal/transport",
			"pkg/internal/usertext",
		},
		modules: []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/sys"},
	},
	"pkg/command/internal/man": {rooms: []string{"pkg/command"}, modules: []string{"github.com/spf13/cobra", "github.com/spf13/pflag"}},
	"pkg/internal/ui": {
		rooms:   []string{"pkg/internal/fault", "pkg/internal/printable", "pkg/internal/redact"},
		modules: []string{"github.com/rivo/uniseg", "golang.org/x/term", "golang.org/x/sys"},
	},
	"pkg/artifact": {rooms: []string{"pkg/internal/fault", "pkg/internal/hashing", "pkg/internal/usertext"}, modules: []string{"golang.org/x/sys"}},
	"pkg/client": {rooms: []string{
		"pkg/artifact", "pkg/internal/api", "pkg/internal/fault", "pkg/internal/origin", "pkg/internal/printable", "pkg/internal/redact", "pkg/internal/reply",
		"pkg/internal/retry", "pkg/internal/transport",
	}},
	"pkg/transfer": {
		rooms: []string{
			"pkg/artifact", "pkg/client", "pkg/internal/fault", "pkg/internal/hashing", "pkg/internal/jsonfile", "pkg/internal/tempfile", "pkg/internal/usertext",
		},
		modules: []string{"github.com/bmatcuk/doublestar/v4", "github.com/zeebo/blake3"},
	},
	"pkg/internal/api": {rooms: []string{"pkg/internal/origin", "pkg/internal/usertext"}},
	"pkg/internal/credential": {
		rooms:   []string{"pkg/artifact", "pkg/internal/api", "pkg/internal/fault", "pkg/internal/filelock", "pkg/internal/jsonfile", "pkg/internal/origin", "pkg/internal/tempfile", "pkg/internal/usertext"},
		modules: []string{"github.com/zalando/go-keyring", "golang.org/x/sys"},
	},
	"pkg/internal/identity": {rooms: []string{
		"pkg/internal/jsonfile", "pkg/internal/origin", "pkg/internal/printable", "pkg/internal/redact", "pkg/internal/reply", "pkg/internal/retry", "pkg/internal/transport", "pkg/internal/usertext",
	}},
	"pkg/internal/fault":      {},
	"pkg/internal/hashing":    {rooms: []string{"pkg/internal/fault"}},
	"pkg/internal/filelock":   {modules: []string{"golang.org/x/sys"}},
	"pkg/internal/jobreport":  {},
	"pkg/internal/must":       {},
	"pkg/internal/origin":     {modules: []string{"golang.org/x/net"}},
	"pkg/internal/printable":  {},
	"pkg/internal/redact":     {rooms: []string{"pkg/internal/printable"}},
	"pkg/internal/reply":      {rooms: []string{"pkg/internal/redact", "pkg/internal/transport"}},
	"pkg/internal/retry":      {},
	"pkg/internal/provenance": {rooms: []string{"pkg/internal/printable"}},
	"pkg/internal/server":     {rooms: []string{"pkg/artifact", "pkg/internal/api", "pkg/internal/fault", "pkg/internal/origin", "pkg/internal/store"}},
	"pkg/internal/jsonfile":   {rooms: []string{"pkg/internal/usertext"}, modules: []string{"github.com/tidwall/jsonc"}},
	"pkg/internal/settings": {rooms: []string{
		"pkg/artifact", "pkg/internal/api", "pkg/internal/credential", "pkg/internal/jsonfile", "pkg/internal/usertext",
	}},
	"pkg/internal/store":           {rooms: []string{"pkg/artifact", "pkg/internal/filelock"}, modules: []string{"golang.org/x/sys"}},
	"pkg/internal/store/storetest": {rooms: []string{"pkg/artifact", "pkg/internal/store"}},
	"pkg/internal/tempfile":        {},
	"pkg/internal/usertext":        {},
	"pkg/internal/transport":       {rooms: []string{"pkg/internal/origin", "pkg/internal/usertext"}, modules: []string{"golang.org/x/net", "golang.org/x/time", "golang.org/x/sys"}},
}

// TestArrows holds every package to its room, for each system that is built.
func TestArrows(t *testing.T) {
	t.Parallel()
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
		list.Dir = "../.."
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
			room, ok := rooms[name]
			if !ok {
				t.Errorf("%s has no room", name)
			}
			for _, path := range pkg.Imports {
				if !room.allows(path) {
					t.Errorf("%s must not import %s", name, path)
				}
			}
		}
		if seen < len(rooms) {
			t.Errorf("%s: %d packages, and %d rooms", system, seen, len(rooms))
		}
	}
}

func (r room) allows(path string) bool {
	if own, ok := strings.CutPrefix(path, module); ok {
		return slices.Contains(r.rooms, own)
	}
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") || slices.ContainsFunc(r.modules, func(m string) bool {
		return path == m || strings.HasPrefix(path, m+"/")
	})
}
