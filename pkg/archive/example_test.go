package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/archive"
)

// Example packs a directory, lists the archive and unpacks a part of it.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.MkdirAll(filepath.Join(dir, "dist/js"), 0o777); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"dist/index.html", "dist/js/app.js"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666); err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	var packed bytes.Buffer
	if err := (archive.Packer{Dir: dir}).Pack(ctx, &packed, "dist"); err != nil {
		log.Fatal(err)
	}
	err = archive.Check(ctx, bytes.NewReader(packed.Bytes()), "", archive.Limits{}, func(entry archive.Entry) error {
		fmt.Println(entry.Mode, entry.Name)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	unpacker := archive.Unpacker{Dir: filepath.Join(dir, "restored"), Only: []string{"dist/js/**"}, Limits: archive.Limits{Entries: 1000, Size: 1 << 30}}
	staged, err := unpacker.Stage(ctx, &packed)
	if err != nil {
		log.Fatal(err)
	}
	if err := staged.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "restored/dist/js/app.js"))
	fmt.Println(string(content), err)
	// Output:
	// drwxr-xr-x dist
	// -rw-r--r-- dist/index.html
	// drwxr-xr-x dist/js
	// -rw-r--r-- dist/js/app.js
	// dist/js/app.js <nil>
}
