// Package ui is what a person sees: progress, colours, sizes, and text that is
// safe to show. Everything it prints goes to a writer that it was handed; it
// knows neither the process's streams nor the command line's parser, and no
// network.
//
// It refuses to trust text: a file name or a server's message passes
// package printable before a terminal gets it, and every stream passes
// the [redact.Redactor] that knows the secrets.
//
// The streams are stacked so: [redact.Writer] on the file, [Screen] on that
// for standard error, [Progress] on the Screen. Start at [Screen].
package ui
