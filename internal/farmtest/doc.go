// Package farmtest holds the test of a whole farm: real processes over one key
// directory, each protecting and unprotecting, while everything that happens to
// farms happens to them. It has no code but its tests.
package farmtest
