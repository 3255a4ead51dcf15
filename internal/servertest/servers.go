package servertest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Redis starts a Redis server. options are those of its command line; without
// any it keeps nothing on disk.
func Redis(t testing.TB, options ...string) *Server {
	t.Helper()
	return redis(t, "", options)
}

// Sentinel starts a sentinel that watches a Redis server under the name "ring",
// and within a second makes a replica the master when it dies.
func Sentinel(t testing.TB, master *Server) *Server {
	t.Helper()
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return redis(t, "sentinel monitor ring "+host+" "+port+" 1\n"+
		"sentinel down-after-milliseconds ring 300\nsentinel failover-timeout ring 3000\n", []string{"--sentinel"})
}

// redis starts a server with a configuration that it may rewrite.
func redis(t testing.TB, config string, options []string) *Server {
	t.Helper()
	program := find(t, "redis-server", "redis-server")
	s := newServer(t, "redis", nil)
	file := filepath.Join(s.folder, "redis.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s.command = func(port string) *exec.Cmd {
		args := []string{file, "--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--port", port}
		return exec.Command(program, append(args, options...)...)
	}
	s.ready = func(addr string) error {
		answer, err := exchange(addr, "PING\r\n")
		if err == nil && !bytes.HasPrefix(answer, []byte("+PONG")) && !bytes.HasPrefix(answer, []byte("-NOAUTH")) {
			err = errors.New(string(answer))
		}
		return err
	}
	return s.first()
}

// Postgres starts a PostgreSQL server with the superuser postgres, who needs no
// password, and an empty database of that name. settings are those of its
// command line: "max_connections=500".
func Postgres(t testing.TB, settings ...string) *Server {
	t.Helper()
	program := find(t, "postgres", "postgresql", "/usr/lib/postgresql/*/bin/postgres")
	if real, err := filepath.EvalSymlinks(program); err == nil {
		program = real // the tools that belong to it lie beside it
	}
	bin := filepath.Dir(program)
	user, err := nonRoot("postgres", "nobody")
	if err != nil {
		t.Fatalf("servertest: PostgreSQL refuses to run as root, and there is nobody else: %v", err)
	}
	s := newServer(t, "postgres", user)
	data := filepath.Join(s.folder, "data")
	s.run(exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"))
	s.command = func(port string) *exec.Cmd {
		args := []string{"-D", data, "-h", "127.0.0.1", "-p", port, "-k", s.folder, "-c", "fsync=off"}
		for _, setting := range settings {
			args = append(args, "-c", setting)
		}
		return exec.Command(program, args...)
	}
	s.ready = func(addr string) error {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		return exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", host, "-p", port).Run()
	}
	// A crash for PostgreSQL: all of its processes stop where they are. To
	// kill the first one alone would leave the others behind.
	s.crash = syscall.SIGQUIT
	return s.first()
}

// PostgresURL returns the URL of the server's database.
func (s *Server) PostgresURL() string {
	return "postgres://postgres@" + s.Addr + "/postgres?sslmode=disable"
}

// MariaDB starts a MariaDB server that takes any user without a password, and
// has an empty database called test.
func MariaDB(t testing.TB, options ...string) *Server {
	t.Helper()
	const mariadb = "mariadb-server-core mariadb-client-core"
	program := find(t, "mariadbd", mariadb, "/usr/sbin/mariadbd")
	install := find(t, "mariadb-install-db", mariadb)
	user, err := nonRoot("mysql", "nobody")
	if err != nil {
		t.Fatalf("servertest: MariaDB refuses to run as root, and there is nobody else: %v", err)
	}
	s := newServer(t, "mariadb", user)
	data := filepath.Join(s.folder, "data")
	s.run(exec.Command(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal"))
	s.command = func(port string) *exec.Cmd {
		args := []string{"--no-defaults", "--datadir=" + data, "--bind-address=127.0.0.1", "--port=" + port,
			"--socket=" + filepath.Join(s.folder, "socket"), "--pid-file=" + filepath.Join(s.folder, "pid"),
			"--skip-grant-tables", "--innodb-flush-log-at-trx-commit=2"}
		return exec.Command(program, append(args, options...)...)
	}
	s.ready = func(addr string) error {
		greeting, err := exchange(addr, "")
		if err == nil && (len(greeting) < 5 || greeting[4] != 10) { // the version of the protocol
			err = errors.New("no greeting of protocol 10")
		}
		return err
	}
	return s.first()
}

// MySQLDSN returns the server's database as Go's MySQL driver names it.
func (s *Server) MySQLDSN() string { return "root@tcp(" + s.Addr + ")/test" }
