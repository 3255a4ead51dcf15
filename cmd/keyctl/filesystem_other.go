//go:build !linux

package main

// fileSystem knows the file systems of Linux only.
func fileSystem(string) string { return "" }
