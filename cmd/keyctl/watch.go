package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

const (
	defaultPoll = 30 * time.Second
	minimumPoll = 100 * time.Millisecond
)

// eventView is one change as watch prints it.
type eventView struct {
	Time  string  `json:"time"`
	Event string  `json:"event"`
	ID    *string `json:"id"` // null for the ring's own events, and where no key protects any more

	Message *string `json:"message"` // what it means, null if that cannot be told
	Error   *string `json:"error"`   // why the ring cannot be read
}

func (p *program) watchCommand() *cobra.Command {
	var poll time.Duration // zero: not given
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Print each change of the ring as it happens",
		Long: `Print each change of the ring as it happens, whoever makes it, until Ctrl-C or
SIGTERM: one line with the time, the event, the key's id and what it means; with
-o json one object a line, with the same and the error of ring.failed. The events are key.created, key.revoked, key.deleted,
default.changed (another key protects, or none), ring.failed (the ring cannot be
read; why is on standard error) and ring.recovered.

What it shows is what an open ring of the Go library sees, at the same time: on a
local file system at once, on others (NFS, SMB, FUSE) within --poll; in Redis and
PostgreSQL at once what Go programs write, and within --poll what .NET does. Nothing
is written, and no key is made. What does not exist yet is waited for.

` + durationHelp,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.watch(ctx, poll) }),
	}
	cmd.Flags().Var(&value[time.Duration]{target: &poll, parse: parsePoll, kind: "D"}, "poll",
		"look this often, whether or not changes are reported (default 30s, SQL 5s)")
	complete(cmd, "poll", "5s", "30s")
	return cmd
}

func parsePoll(text string) (time.Duration, error) {
	d, err := parseDuration(text)
	if err == nil && d < minimumPoll {
		err = errors.New("less than a tenth of a second")
	}
	return d, err
}

func (p *program) watch(ctx context.Context, poll time.Duration) error {
	s, err := p.findStore(ctx, storeOptions{poll: poll, logger: slog.New(listener(func(fields map[string]string) {
		if fields["event"] == "watch.polling" {
			p.warn("no changes are reported (%s): they show when they are looked for (--poll)", fields["error"])
		}
	}))})
	if err != nil {
		return err
	}
	p.warnOfLooseModes(s)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	events := make(chan keyring.Event)
	options := p.options()
	options.DisableAutomaticKeyGeneration = true
	options.OnEvent = func(e keyring.Event) {
		select {
		case events <- e:
		case <-ctx.Done():
		}
	}
	ring, err := keyring.Open(ctx, s.repo, options)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return unreadable(err)
	}
	defer func() {
		stop() // first, so that no event is waiting to be taken
		_ = ring.Close()
	}()
	p.noteWatch(s, ring.Snapshot())
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-events:
			if err := p.printEvent(e, ring.Snapshot()); err != nil {
				return err
			}
		}
	}
}

// noteWatch tells what the watch begins with.
func (p *program) noteWatch(s *store, now *keyring.Snapshot) {
	if s.absent && s.dir == "" {
		p.warn("there is no %s in %s yet: waiting for it", s.what, s.place)
		return
	}
	if s.absent {
		p.warn("the key directory %s does not exist yet: waiting for it", s.place)
		return
	}
	protects := "none protects"
	if k, err := now.DefaultKey(); err == nil {
		protects = fmt.Sprintf("%s protects", k.ID)
	}
	p.note("watching %s: %s, %s", s.place, count(len(now.Keys()), "key"), protects)
	if sealed := p.noteElsewhere(now.Keys()); sealed > 0 {
		p.note("%s encrypted, and what decrypts is not at hand here (--certificate): which key protects cannot be told", countAre(sealed, "key"))
	}
	if kind := p.fileSystem(s.dir); s.dir != "" && kind != "" {
		p.note("%s does not report what other machines change: that shows within %s", kind, inWords(s.poll))
	}
}

func (p *program) printEvent(e keyring.Event, now *keyring.Snapshot) error {
	message := p.meaning(e, now)
	v := eventView{Time: dotnet.FormatDate(e.Time), Event: string(e.Kind), Message: orNull(message)}
	if e.Err != nil {
		v.Error = new(plain(e.Err))
	}
	if e.ID != (uuid.UUID{}) {
		v.ID = new(e.ID.String())
	}
	var err error
	if p.json {
		err = p.printJSONLine(v)
	} else {
		err = p.printTable(p.stdout, [][]cell{{
			{e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), faint},
			{fmt.Sprintf("%-15s", v.Event), eventStyle(e.Kind)},
			{fmt.Sprintf("%-36s", orElse(v.ID, "-")), noStyle},
			{message, noStyle},
		}})
	}
	if e.Err != nil {
		p.note("the ring cannot be read: %s", plain(e.Err))
	}
	return err
}

func eventStyle(kind keyring.EventKind) style {
	switch kind {
	case keyring.EventKeyCreated, keyring.EventRingRecovered:
		return green
	case keyring.EventKeyRevoked, keyring.EventRingFailed:
		return red
	case keyring.EventKeyDeleted:
		return yellow
	}
	return bold
}

// meaning says what an event means, to a person. now may be later than the
// event, by changes that are about to be told.
func (p *program) meaning(e keyring.Event, now *keyring.Snapshot) string {
	k, known := now.Key(e.ID)
	switch {
	case e.Kind == keyring.EventKeyDeleted:
		return "what it protected will never open again"
	case e.Kind == keyring.EventRingFailed:
		return "the ring cannot be read; nodes keep what they have read"
	case e.Kind == keyring.EventRingRecovered:
		return "the ring can be read again"
	case e.Kind == keyring.EventDefaultChanged && e.ID == uuid.UUID{}:
		return "nothing can be protected: there is no default key"
	case !known:
		return ""
	case e.Kind == keyring.EventKeyRevoked && k.RevocationReason != "":
		return "what it protected opens no longer: " + k.RevocationReason
	case e.Kind == keyring.EventKeyRevoked:
		return "what it protected opens no longer"
	case e.Kind == keyring.EventDefaultChanged && now.Fallback():
		return "it protects for want of a better one: there is no default key"
	case e.Kind == keyring.EventDefaultChanged:
		return "it protects from now on, until " + moment(k.ExpirationDate) + " UTC"
	}
	return "it " + activatesInWords(k.ActivationDate, p.now()) + ", and expires " + moment(k.ExpirationDate) + " UTC"
}
