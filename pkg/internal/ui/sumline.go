package ui

import "strings"

// SumLine returns a result in the format of sha256sum, without the newline: the
// hash, two spaces, the path. If either contains a newline, a carriage return or
// a backslash, these are escaped as \n, \r and \\, and the line begins with a
// backslash. All other bytes are unchanged: the line is for programs.
//
// In sha256sum's own output only the path can need escaping, but an id that is
// not a digest may contain a backslash too.
func SumLine(hash, path string) string {
	return escapedLine(hash + "  " + path)
}

// VerdictLine returns a result in the format of sha256sum -c, without the
// newline: the path, a colon, the verdict. It is escaped like a [SumLine].
func VerdictLine(path, verdict string) string { return escapedLine(path + ": " + verdict) }

// NameLine returns a name as one line, escaped like a [SumLine].
func NameLine(name string) string { return escapedLine(name) }

func escapedLine(line string) string {
	if !strings.ContainsAny(line, "\n\r\\") {
		return line
	}
	return `\` + strings.NewReplacer("\n", `\n`, "\r", `\r`, `\`, `\\`).Replace(line)
}
