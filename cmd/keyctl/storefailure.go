package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"dataprotection.example/xmlrepo"
)

// What to do about a server that says no.
const (
	hintLogin    = "are the user and the password right, and may this user log in from here?"
	hintDatabase = "is the name of the database right?"
	hintRights   = "the user lacks a right to that: docs/STORES.md has those that it takes"
	hintServer   = "is the server up, and are host and port right?"
	hintSilence  = "is it the right port, and does the server speak TLS where this expects none, or the other way round (rediss://, sslmode=, tls=)?"
)

// whyUnreachable returns what to do about a driver's error, nothing if that is
// unknown, and the part of it that tells something.
func whyUnreachable(err error) (hint string, cause error) {
	postgres, maria, dns, dial := (*pgconn.PgError)(nil), (*mysql.MySQLError)(nil), (*net.DNSError)(nil), (*net.OpError)(nil)
	switch {
	case errors.As(err, &postgres):
		return hintOfPostgres(postgres.Code), postgres
	case errors.As(err, &maria):
		return hintOfMySQL(maria.Number), maria
	case errors.As(err, &dns):
		return hintServer, dns
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, mysql.ErrInvalidConn):
		return hintSilence, err
	case errors.As(err, &dial):
		hint = hintServer
		if !errors.Is(err, syscall.ECONNREFUSED) {
			hint = hintSilence
		}
		return hint, dial
	}
	return hintOfRedis(err), err
}

// hintOfPostgres knows the codes of PostgreSQL's manual, appendix A.
func hintOfPostgres(code string) string {
	switch {
	case strings.HasPrefix(code, "28"):
		return hintLogin
	case code == "3D000":
		return hintDatabase
	case code == "42501":
		return hintRights
	}
	return ""
}

// hintOfMySQL knows the numbers of MySQL's error reference.
func hintOfMySQL(number uint16) string {
	switch number {
	case 1045, 1698:
		return hintLogin
	case 1044, 1049:
		return hintDatabase
	case 1142, 1143, 1370:
		return hintRights
	}
	return ""
}

// hintOfRedis knows what Redis says; its errors have no numbers.
func hintOfRedis(err error) string {
	text := err.Error()
	for _, known := range []struct{ part, hint string }{
		{"WRONGPASS", hintLogin}, {"NOAUTH", hintLogin},
		{"NOPERM", hintRights}, {"The user executing the script can't run", hintRights},
		{"WRONGTYPE", "the key holds something else than a list: is key= right?"},
		{"DB index is out of range", hintDatabase},
		{"file is not a database", "the file is none of SQLite's"},
		{"i/o timeout", hintSilence},
	} {
		if strings.Contains(text, known.part) {
			return known.hint
		}
	}
	return ""
}

// hintOfStore is what to do about an error of a store in the middle of a command.
func hintOfStore(err error) string {
	if errors.Is(err, xmlrepo.ErrMalformed) || errors.Is(err, xmlrepo.ErrExist) {
		return ""
	}
	hint, _ := whyUnreachable(err)
	return hint
}
