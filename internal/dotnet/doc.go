// Package dotnet holds the handful of encodings that Data Protection took from
// .NET rather than from any standard: the byte order of a GUID, the length
// prefix of a BinaryWriter string, ticks, the text of a date, and type names.
// It is the only place of this module that knows them, so that a reader who
// wonders why the first half of a key id is backwards has one page to look at.
//
// Three of them surprise. A System.Guid is a C struct written by a
// little-endian machine: its first three groups are reversed in bytes and in
// order in text. A .NET instant counts units of 100 nanoseconds from
// 0001-01-01T00:00:00Z and ends with the year 9999, so that a Go time has to be
// cut before it is stored and may not be storable at all. And a type name is
// not looked up here but compared: nothing is ever loaded or built by name.
//
// Everything here is a pure function of its arguments and safe for concurrent
// use. Errors say what is wrong but never repeat the text they were given: it
// comes from a file that may hold keys.
package dotnet
