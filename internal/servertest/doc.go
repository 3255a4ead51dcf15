// Package servertest starts real servers for tests: Redis, PostgreSQL and
// MariaDB, each on a free port of the loopback interface over a scratch folder,
// and stops them when the test ends. A [Server] can be killed and started again
// over what it has written. A [Proxy] stands between a client and a server, cuts
// connections, and counts what goes through.
//
// Servers are found, never installed. A machine without one skips the test, or
// fails it where CI=true, so that a missing server cannot pass for one that
// agrees; the message names the Debian package.
package servertest
