package sqlrepo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// What the lock is called. There is one for all tables, so that it does not
// matter how a node spells the name of its schema.
const (
	lockName         = "DataProtectionKeys"
	lockNumber int64 = 0x4450_4b65_7973 // "DPKeys"
	lockWait         = time.Minute
)

// exclusively lets do look and write while nobody else of this package does, and
// makes what it wrote permanent if it returns nil.
func (t *Table) exclusively(ctx context.Context, do func(ctx context.Context, q querier) error) error {
	return t.patiently(ctx, lockWait+t.timeout, func(ctx context.Context) error { return t.locked(ctx, do) })
}

// locked is exclusively, once.
func (t *Table) locked(ctx context.Context, do func(ctx context.Context, q querier) error) error {
	switch t.dialect {
	case PostgreSQL:
		// Read committed, because a snapshot taken before the lock was had
		// would not show what the one before us has written.
		return t.inTransaction(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockNumber)
			if err != nil {
				return err
			}
			if err := do(ctx, tx); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "SELECT pg_notify($1, '')", t.channel) // with the commit
			return err
		})
	case SQLServer:
		return t.inTransaction(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, func(tx *sql.Tx) error {
			var got int
			err := tx.QueryRowContext(ctx, fmt.Sprintf(`DECLARE @got int; EXEC @got = sp_getapplock @Resource = N'%s', @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = %d; SELECT @got`,
				lockName, lockWait.Milliseconds())).Scan(&got)
			if err == nil && got < 0 {
				err = errLock
			}
			if err != nil {
				return err
			}
			return do(ctx, tx)
		})
	case MySQL:
		return t.onConnection(ctx, func(conn *sql.Conn) error { return t.namedLock(ctx, conn, do) })
	}
	return t.onConnection(ctx, func(conn *sql.Conn) error { return t.immediately(ctx, conn, do) })
}

var errLock = errors.New("another node holds the lock for writing, and does not let go of it")

func (t *Table) inTransaction(ctx context.Context, opts *sql.TxOptions, do func(tx *sql.Tx) error) error {
	tx, err := t.db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// onConnection lends a connection to do.
func (t *Table) onConnection(ctx context.Context, do func(conn *sql.Conn) error) error {
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(conn)
}

// namedLock works under GET_LOCK, which belongs to the connection and not to the
// transaction. A lock that cannot be given back goes with the connection.
func (t *Table) namedLock(ctx context.Context, conn *sql.Conn, do func(ctx context.Context, q querier) error) error {
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", lockName, int(lockWait.Seconds())).Scan(&got); err != nil {
		discard(conn) // it may hold the lock by now
		return err
	}
	if got.Int64 != 1 {
		return errLock
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.timeout)
		defer cancel()
		var free sql.NullInt64
		if err := conn.QueryRowContext(after, "SELECT RELEASE_LOCK(?)", lockName).Scan(&free); err != nil || free.Int64 != 1 {
			discard(conn)
		}
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// immediately works in a transaction that is a writer's from its beginning. That
// of database/sql would become one only when it writes, after it has looked.
func (t *Table) immediately(ctx context.Context, conn *sql.Conn, do func(ctx context.Context, q querier) error) error {
	whatever := context.WithoutCancel(ctx) // a file answers
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		err = do(ctx, conn)
	}
	if err == nil {
		_, err = conn.ExecContext(whatever, "COMMIT")
	}
	if err == nil {
		return nil
	}
	// Also after BEGIN: one that was cancelled may have begun.
	if _, failed := conn.ExecContext(whatever, "ROLLBACK"); failed != nil && !strings.Contains(failed.Error(), "no transaction is active") {
		discard(conn)
	}
	return err
}

// discard makes the pool close a connection, once it is given back.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// patiently does something within a time, and again as long as another connection
// to a SQLite file is in the way. do leaves nothing behind when it fails.
func (t *Table) patiently(ctx context.Context, limit time.Duration, do func(ctx context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for tries := 0; ; tries++ {
		err := do(within)
		if err != nil && within.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("no answer within %v: %w", limit, err)
		}
		if t.dialect != SQLite || tries >= patience(err) {
			return err
		}
		timer := time.NewTimer(rand.N(50 * time.Millisecond))
		select {
		case <-timer.C:
		case <-within.Done():
			timer.Stop()
			return fmt.Errorf("%w: %w", within.Err(), err)
		}
	}
}

// patience says how often to repeat what failed on a SQLite file. Drivers have no
// type in common for its errors, but the text.
func patience(err error) int {
	if err == nil {
		return 0
	}
	switch text := err.Error(); {
	case strings.Contains(text, "database is locked"), strings.Contains(text, "database table is locked"), strings.Contains(text, "SQLITE_BUSY"):
		return 1000
	case strings.Contains(text, "no such table"):
		// SQLite also says so when the table is new to the connection and a
		// writer keeps it from looking again.
		return 10
	}
	return 0
}
