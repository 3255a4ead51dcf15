// Package storetest holds tests of whole key rings over real servers: what the
// packages of the stores test for elements, this one tests for keys and payloads,
// with .NET as a neighbour, with servers that die, and with hundreds of nodes. It
// has nothing but tests.
package storetest
