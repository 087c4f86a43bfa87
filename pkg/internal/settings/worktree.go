package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// workTree are the settings of the project that a directory is part of.
type workTree struct {
	dir  string // where one is
	root string // of the project; dir itself where there is no project
	// config is .turbo/config.json, and turbo is turbo.json.
	config, turbo layer
}

// errTwoTurboJSON is what turbo says too.
var errTwoTurboJSON = errors.New("there is a turbo.jsonc beside it: remove one of them")

// findWorkTree looks for the project's root: the nearest directory, from dir
// upwards, that has a turbo.json other than a package's, a .turbo/config.json,
// or a repository. An empty dir is in no work tree. Errors are of type [*Error].
func findWorkTree(dir string) (workTree, error) {
	tree := workTree{dir: dir, root: dir}
	for _, here := range upwards(dir) {
		document, path, err := readTurboJSON(here)
		if err != nil {
			return workTree{}, err
		}
		isRoot := path != "" && document.Extends == nil
		if isRoot {
			tree.turbo = document.layer(path)
		}
		var config turboConfig
		path = filepath.Join(here, ".turbo", "config.json")
		found, err := readFile(path, &config)
		if err != nil {
			return workTree{}, err
		}
		if found {
			tree.config = config.layer(path)
		}
		if isRoot || found || hasRepository(here) {
			tree.root = here
			break
		}
	}
	return tree, nil
}

// readTurboJSON reads a directory's turbo.json or turbo.jsonc; where there is
// neither, path is empty.
func readTurboJSON(dir string) (document turboJSON, path string, err error) {
	path = filepath.Join(dir, "turbo.json")
	found, err := readFile(path, &document)
	if err != nil {
		return document, path, err
	}
	other := path + "c"
	if found {
		if _, err := os.Lstat(other); err == nil {
			return document, path, &Error{Origin: path, Err: errTwoTurboJSON}
		}
		return document, path, nil
	}
	if found, err = readFile(other, &document); found || err != nil {
		return document, other, err
	}
	return document, "", nil
}

// link is the Vercel CLI's link of the directory to a team, or nobody's: the
// nearest .vercel/project.json of the project, else the repository's
// .vercel/repo.json.
func (t workTree) link() (namedTeam, error) {
	for _, here := range upwards(t.dir) {
		path := filepath.Join(here, ".vercel", "project.json")
		var project struct {
			OrgID string `json:"orgId"`
		}
		if found, err := readFile(path, &project); found || err != nil {
			return namedTeam{path, linkedTeam(project.OrgID)}, err
		}
		if here == t.root {
			break
		}
	}
	for _, here := range upwards(t.dir) {
		if here == t.root || hasRepository(here) {
			path := filepath.Join(here, ".vercel", "repo.json")
			var repo linkedRepository
			if found, err := readFile(path, &repo); found || err != nil {
				return namedTeam{path, linkedTeam(repo.orgOf(here, t.dir))}, err
			}
		}
		if hasRepository(here) {
			break
		}
	}
	return namedTeam{}, nil
}

// linkedRepository is .vercel/repo.json.
type linkedRepository struct {
	OrgID    string `json:"orgId"`
	Projects []struct {
		Directory string `json:"directory"`
		OrgID     string `json:"orgId"`
	} `json:"projects"`
}

// orgOf is the organization of the project that dir is in, the innermost where
// they are nested, else that of the repository.
func (r linkedRepository) orgOf(root, dir string) string {
	org, depth := r.OrgID, -1
	for _, project := range r.Projects {
		home := filepath.Join(root, filepath.FromSlash(project.Directory))
		if project.OrgID != "" && len(home) > depth && isInside(home, dir) {
			org, depth = project.OrgID, len(home)
		}
	}
	return org
}

func isInside(parent, dir string) bool {
	relative, err := filepath.Rel(parent, dir)
	return err == nil && filepath.IsLocal(relative)
}

// upwards are dir and the directories above it. It stops before one that
// everybody may write in, such as /tmp: what lies there is nobody's project.
func upwards(dir string) []string {
	var dirs []string
	for dir != "" {
		if info, err := os.Stat(dir); err != nil || info.Mode()&fs.ModeSticky != 0 {
			break
		}
		dirs = append(dirs, dir)
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return dirs
}

func hasRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}
