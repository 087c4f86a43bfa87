package command

import "math"

// maxOpenFiles: nothing that a user sets limits it here.
func maxOpenFiles() uint64 { return math.MaxUint64 }
