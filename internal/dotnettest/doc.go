// Package dotnettest lets tests ask a real ASP.NET Core.
//
// [Start] compiles the program in testdata/dotnet once a machine, starts it, and
// stops it when the test ends. A [Peer] is one process: a node of a farm. Each
// of its [Ring]s is Data Protection as an application would configure it over a
// key directory, and reads that directory as .NET does: when it first needs a
// key, and then about once a day. [Ring.Reopen] is a node that restarts; without
// it a ring may protect with yesterday's key and accept a revoked one, because
// even after its own writes .NET serves the old ring while it reads the new one.
// [Ring.Keys] and [Ring.Resolve] always read anew.
//
// What .NET throws comes back as an [*Error] with the whole chain of exceptions.
//
// .NET is found, never installed: see [EnvFolder]. A machine without it skips
// the test, or fails it where CI=true, so that a skipped peer cannot pass for an
// agreeing one.
package dotnettest
