// Package farmtest holds the test of a whole farm: real processes over one store,
// a directory or a server, each protecting and unprotecting, while everything that
// happens to farms happens to them. It has no code but its tests.
package farmtest
