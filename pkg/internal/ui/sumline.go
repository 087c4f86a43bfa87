package ui

import "strings"

// SumLine returns a result as sha256sum prints it, without the newline: the hash,
// two spaces, the path. Where either holds a newline, a carriage return or a
// backslash, those are written \n, \r and \\ and the line begins with a
// backslash. All other bytes stay as they are: the line is for programs.
//
// In sha256sum's own output only the path can need that. An id that is no digest
// may hold a backslash too, and without this its line would be ambiguous.
func SumLine(hash, path string) string {
	return escapedLine(hash + "  " + path)
}

// VerdictLine returns a result as sha256sum -c prints it, without the newline: the
// path, a colon, the verdict. It is escaped like a [SumLine].
func VerdictLine(path, verdict string) string { return escapedLine(path + ": " + verdict) }

func escapedLine(line string) string {
	if !strings.ContainsAny(line, "\n\r\\") {
		return line
	}
	return `\` + strings.NewReplacer("\n", `\n`, "\r", `\r`, `\`, `\\`).Replace(line)
}
