package servertest_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"net"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/servertest"
)

func TestRedis(t *testing.T) {
	server := servertest.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if client.Ping(t.Context()).Err() == nil {
		t.Error("a killed server answers")
	}
	server.Start()
	if v, err := client.Get(t.Context(), "k").Result(); err != nil || v != "v" {
		t.Errorf("after a crash: %q, %v", v, err)
	}
	server.Stop()
	server.Start()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestPostgres(t *testing.T) {
	server := servertest.Postgres(t, "max_connections=7")
	ask := func(statement string) (answer string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), server.PostgresURL())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if err := conn.QueryRow(t.Context(), statement).Scan(&answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if n := ask("SHOW max_connections"); n != "7" {
		t.Errorf("max_connections is %s", n)
	}
	ask("SELECT 'made' FROM pg_create_restore_point('made')")
	server.Kill()
	if conn, err := pgx.Connect(t.Context(), server.PostgresURL()); err == nil {
		conn.Close(t.Context())
		t.Error("a killed server answers")
	}
	server.Start()
	ask("SELECT version()")
}

func TestMariaDB(t *testing.T) {
	server := servertest.MariaDB(t)
	db, err := sql.Open("mysql", server.MySQLDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	survives(t, server, db)
}

// survives checks that a crash leaves what was written.
func survives(t *testing.T, server *servertest.Server, db *sql.DB) {
	t.Helper()
	for _, statement := range []string{"CREATE TABLE t (n int)", "INSERT INTO t VALUES (42)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	server.Kill()
	if db.Ping() == nil {
		t.Error("a killed server answers")
	}
	server.Start()
	var n int
	if err := db.QueryRow("SELECT n FROM t").Scan(&n); err != nil || n != 42 {
		t.Errorf("after a crash: %d, %v", n, err)
	}
}

func TestProxy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() { // says back each line, twice
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintf(conn, "%s %[1]s\n", lines.Text())
				}
			}()
		}
	}()
	proxy := servertest.NewProxy(t, listener.Addr().String())
	ask := func(conn net.Conn) error {
		if _, err := conn.Write([]byte("hello\n")); err != nil {
			return err
		}
		answer, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && answer != "hello hello\n" {
			t.Errorf("got %q", answer)
		}
		return err
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", proxy.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	conn := dial()
	if err := ask(conn); err != nil {
		t.Fatal(err)
	}
	if sent, received := proxy.Bytes(); sent != 6 || received != 12 {
		t.Errorf("%d bytes sent and %d received, want 6 and 12", sent, received)
	}
	proxy.Cut()
	if ask(conn) == nil {
		t.Error("a connection survives being cut")
	}
	if err := ask(dial()); err != nil {
		t.Errorf("after a cut: %v", err)
	}
	proxy.Down()
	if conn, err := net.Dial("tcp", proxy.Addr); err == nil {
		conn.Close()
		t.Error("a proxy that is down takes connections")
	}
	if err := proxy.Up(); err != nil {
		t.Fatal(err)
	}
	if err := ask(dial()); err != nil {
		t.Errorf("up again: %v", err)
	}
}
