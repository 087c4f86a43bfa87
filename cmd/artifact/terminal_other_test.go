//go:build !linux

package main

// runOnTerminal is for Linux only.
func runOnTerminal() { fail("terminal: not supported here") }
