package settings

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// workTree is the settings of the project around a directory.
type workTree struct {
	// dirs are the directory and its parents up to the project's root; without a
	// project, only the directory.
	dirs         []string
	isRepository bool  // the last of dirs is its root
	config       layer // .turbo/config.json
	turbo        layer // turbo.json
}

// errTwoTurboJSON is turbo's error too.
var errTwoTurboJSON = errors.New("there is a turbo.jsonc beside it: remove one of them")

// findWorkTree finds the project's root: the nearest of dir and its parents that
// has a turbo.json other than a package's, a .turbo/config.json, or a repository.
// An empty dir has none. The error is an [*Error].
func findWorkTree(dir string) (workTree, error) {
	var tree workTree
	for here := range upwards(dir) {
		tree.dirs = append(tree.dirs, here)
		document, path, err := readTurboJSON(here)
		if err != nil {
			return workTree{}, err
		}
		isRoot := path != "" && document.Extends == nil
		if isRoot {
			tree.turbo = document.layer(path)
		}
		config := layer{path: filepath.Join(here, ".turbo", "config.json")}
		found, err := readFile(config.path, &config)
		if err != nil {
			return workTree{}, err
		}
		if found {
			tree.config = config
		}
		tree.isRepository = hasRepository(here)
		if isRoot || found || tree.isRepository {
			return tree, nil
		}
	}
	tree.dirs = tree.dirs[:min(1, len(tree.dirs))]
	return tree, nil
}

// ProjectRoot returns the root of the project around dir, or dir itself outside any.
func ProjectRoot(dir string) (string, error) {
	tree, err := findWorkTree(dir)
	if err != nil || len(tree.dirs) == 0 {
		return dir, err
	}
	return tree.dirs[len(tree.dirs)-1], nil
}

// readTurboJSON reads a directory's turbo.json or turbo.jsonc. If it has neither,
// path is empty.
func readTurboJSON(dir string) (document turboJSON, path string, err error) {
	path = filepath.Join(dir, "turbo.json")
	found, err := readFile(path, &document)
	switch _, other := os.Lstat(path + "c"); {
	case err != nil:
		return document, path, err
	case found && other == nil:
		return document, path, &Error{Origin: path, Err: errTwoTurboJSON}
	case found:
		return document, path, nil
	}
	path += "c"
	if found, err = readFile(path, &document); !found && err == nil {
		path = ""
	}
	return document, path, err
}

// link returns the team in the Vercel CLI's link: the project's nearest
// .vercel/project.json, or the repository's .vercel/repo.json.
func (t workTree) link() (namedTeam, error) {
	for _, here := range t.dirs {
		path := filepath.Join(here, ".vercel", "project.json")
		var project struct {
			OrgID string `json:"orgId"`
		}
		if found, err := readFile(path, &project); found || err != nil {
			return namedTeam{path, linkedTeam(project.OrgID)}, err
		}
	}
	root := t.repository()
	if root == "" {
		return namedTeam{}, nil
	}
	path := filepath.Join(root, ".vercel", "repo.json")
	var repo linkedRepository
	_, err := readFile(path, &repo)
	return namedTeam{path, linkedTeam(repo.orgOf(root, t.dirs[0]))}, err
}

// repository returns the root of the repository around the project, or else the
// project's root.
func (t workTree) repository() string {
	if len(t.dirs) == 0 {
		return ""
	}
	root := t.dirs[len(t.dirs)-1]
	if t.isRepository {
		return root
	}
	for here := range upwards(root) {
		if hasRepository(here) {
			return here
		}
	}
	return root
}

// linkedRepository is .vercel/repo.json.
type linkedRepository struct {
	OrgID    string `json:"orgId"`
	Projects []struct {
		Directory string `json:"directory"`
		OrgID     string `json:"orgId"`
	} `json:"projects"`
}

// orgOf returns the organization of the innermost project around dir, or the
// repository's.
func (r linkedRepository) orgOf(root, dir string) string {
	org, depth := r.OrgID, -1
	for _, project := range r.Projects {
		home := filepath.Join(root, filepath.FromSlash(project.Directory))
		relative, err := filepath.Rel(home, dir)
		if project.OrgID != "" && len(home) > depth && err == nil && filepath.IsLocal(relative) {
			org, depth = project.OrgID, len(home)
		}
	}
	return org
}

// upwards yields dir and its parents. It stops before a directory that every user
// can write to, such as /tmp: a project there is not trusted.
func upwards(dir string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for here, below := dir, ""; here != below; here, below = filepath.Dir(here), here {
			if info, err := os.Stat(here); err != nil || info.Mode()&fs.ModeSticky != 0 || !yield(here) {
				return
			}
		}
	}
}

func hasRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}
