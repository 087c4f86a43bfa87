// Package ui shows progress, colours, sizes and results. It prints only to given
// writers, and does not use the process's streams, the command line or the
// network.
//
// It does not trust texts: file names and messages of servers go through package
// printable, and every stream through a [redact.Redactor].
//
// A [redact.Writer] writes to the file, a [Screen] for standard error to that
// writer, and a [Progress] to the Screen. Start at [Screen].
package ui
