// Package ui is what a person sees: progress, colours, sizes, and text that is
// safe to show. Everything it prints goes to a writer that it was handed; it
// knows neither the process's streams nor the command line's parser, and no
// network.
//
// It trusts no text: a file name or a server's message passes package printable
// before a terminal gets it, and every stream passes the [redact.Redactor] that
// knows the secrets.
//
// A [redact.Writer] writes to the file, a [Screen] for standard error to that
// writer, and a [Progress] to the Screen. Start at [Screen].
package ui
