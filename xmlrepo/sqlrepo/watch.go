package sqlrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"dataprotection.example/internal/pollwatch"
)

// Fingerprint implements Fingerprinter: the number of rows, the highest id, and a
// hash of all that the rows hold. The server computes it, and a hundred bytes
// travel; a SQLite file is read.
func (t *Table) Fingerprint(ctx context.Context) (print string, err error) {
	const what = "fingerprint"
	if err := ctx.Err(); err != nil {
		return "", t.fault(what, err)
	}
	err = t.patiently(ctx, t.timeout, func(ctx context.Context) error {
		if t.text.print != "" {
			return t.db.QueryRowContext(ctx, t.text.print).Scan(&print)
		}
		rows, err := t.rows(ctx, t.db)
		if err != nil {
			return err
		}
		h := sha256.New()
		for _, r := range rows {
			fmt.Fprintf(h, "%d %t %q %d:%s\n", r.id, r.name.Valid, r.name.String, len(r.xml.String), r.xml.String)
		}
		print = fmt.Sprintf("%d-%s", len(rows), hex.EncodeToString(h.Sum(nil)))
		return nil
	})
	return print, t.fault(what, err)
}

// Watch implements Watcher. It looks at the fingerprint at every PollInterval,
// and with Options.Listen also whenever a node of this package has written. That
// the database cannot be reached, and that it can again, counts as a change.
func (t *Table) Watch(ctx context.Context) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, t.fault("watch", err)
	}
	out := make(chan struct{}, 1)
	go func() {
		defer close(out)
		var listening sync.WaitGroup
		defer listening.Wait()
		watch := pollwatch.Watch{Interval: t.poll, Look: t.Fingerprint}
		if t.listen != nil {
			hints := make(chan string, 1)
			watch.Hints = hints
			listening.Go(func() { t.keepListening(ctx, hints) })
		}
		watch.Run(ctx, out)
	}()
	return out, nil
}

// keepListening calls Listen again whenever it returns, after a while that grows
// from a second to the poll interval as long as nothing is heard.
func (t *Table) keepListening(ctx context.Context, hints chan<- string) {
	longest := max(t.poll, time.Second)
	told, connected := false, false
	for wait := time.Second; ; wait = min(2*wait, longest) {
		var heard atomic.Bool
		err := t.listen(ctx, t.channel, func() {
			if !heard.Swap(true) && connected {
				select {
				case hints <- pollwatch.Again:
				case <-ctx.Done():
				}
				return
			}
			select {
			case hints <- "":
			default: // one that is waiting is enough
			}
		})
		if ctx.Err() != nil {
			return
		}
		if heard.Load() {
			wait, told, connected = time.Second, false, true
		}
		if !told {
			told = true
			t.log.WarnContext(ctx, "no notifications from the database; polling the key table",
				slog.String("event", "watch.polling"), slog.String("table", t.names.table),
				slog.Duration("interval", t.poll), slog.Any("error", err))
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
