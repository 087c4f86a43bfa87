package transfer_test

import (
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestExportedAPI fails if an exported name of a public package has a type that
// other modules cannot name.
func TestExportedAPI(t *testing.T) {
	t.Parallel()
	const module = "github.com/artifact-cli/artifact/pkg/"
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file, err := exec.Command("go", "list", "-export", "-f", "{{.Export}}", path).Output()
		if err != nil {
			return nil, err
		}
		return os.Open(strings.TrimSpace(string(file)))
	})
	for _, name := range []string{"archive", "artifact", "client", "transfer"} {
		pkg, err := from.Import(module + name)
		if err != nil {
			t.Fatal(err)
		}
		reached := map[types.Type]bool{}
		for _, exported := range pkg.Scope().Names() {
			if object := pkg.Scope().Lookup(exported); object.Exported() {
				if hidden := hiddenType(object.Type(), module+"internal/", reached); hidden != "" {
					t.Errorf("%s.%s reaches %s", name, exported, hidden)
				}
			}
		}
	}
}

// hiddenType returns an internal type in t, or an empty string.
func hiddenType(t types.Type, internal string, reached map[types.Type]bool) string {
	if reached[t] {
		return ""
	}
	reached[t] = true
	var seen []types.Type
	switch t := t.(type) {
	case *types.Named:
		if from := t.Obj().Pkg(); from != nil && strings.HasPrefix(from.Path(), internal) {
			return t.String()
		}
		for method := range t.Methods() {
			if method.Exported() {
				seen = append(seen, method.Type())
			}
		}
		for argument := range t.TypeArgs().Types() {
			seen = append(seen, argument)
		}
		seen = append(seen, t.Underlying())
	case *types.Alias:
		seen = append(seen, types.Unalias(t))
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				seen = append(seen, field.Type())
			}
		}
	case *types.Interface:
		for method := range t.Methods() {
			seen = append(seen, method.Type())
		}
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for variable := range tuple.Variables() {
				seen = append(seen, variable.Type())
			}
		}
	case *types.Map:
		seen = append(seen, t.Key(), t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays and channels
		seen = append(seen, t.Elem())
	}
	for _, next := range seen {
		if hidden := hiddenType(next, internal, reached); hidden != "" {
			return hidden
		}
	}
	return ""
}
