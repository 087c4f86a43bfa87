package command

import "math"

// maxOpenFiles is unlimited: there is no such setting on Windows.
func maxOpenFiles() uint64 { return math.MaxUint64 }
