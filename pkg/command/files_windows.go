package command

import "os"

// checkPrivate accepts every file: a mode says nothing about who may read here.
func checkPrivate(*os.File) error { return nil }
