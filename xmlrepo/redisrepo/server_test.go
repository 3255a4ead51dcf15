package redisrepo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/servertest"
	"dataprotection.example/xmlrepo"
	"dataprotection.example/xmlrepo/redisrepo"
)

// deaf is a client that loses the answers to the next commands, which the server
// has carried out.
type deaf struct {
	next int
	lost int
}

func (d *deaf) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if d.next > 0 && cmd.NoRetry() {
			d.next--
			d.lost++
			cmd.SetErr(io.EOF)
			return io.EOF
		}
		return err
	}
}

// A lost answer is not taken for a failure, and never leads to a second value.
func TestLostAnswers(t *testing.T) {
	f := start(t)
	client := connect(t, f.server.Addr)
	hook := &deaf{}
	client.AddHook(hook)
	l := newList(t, client, redisrepo.Options{})
	e := xmlrepo.Element{Name: "key-" + id, XML: []byte(key("<a />"))}

	hook.next = 1
	if err := l.Store(t.Context(), e); err != nil || hook.lost != 1 {
		t.Errorf("Store whose answer was lost: %v", err)
	}
	if err := l.Store(t.Context(), e); !errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("Store again: %v", err)
	}
	hook.next = 1
	if err := l.Replace(t.Context(), e, xmlrepo.Element{Name: e.Name, XML: []byte(key("<b />"))}); err != nil || hook.lost != 2 {
		t.Errorf("Replace whose answer was lost: %v", err)
	}
	hook.next = 100
	err := l.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")})
	if !errors.Is(err, io.EOF) || errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("Store whose answers are all lost: %v", err)
	}
	if got := f.values(t); len(got) != 2 || got[0] != key("<b />") || got[1] != "<x />" {
		t.Errorf("the list holds %q", got)
	}
}

// What another writes meanwhile is not what was lost.
func TestLostAnswerOfAnother(t *testing.T) {
	f := start(t)
	f.push(t, key("<other />"))
	client := connect(t, f.server.Addr)
	hook := &deaf{next: 1}
	client.AddHook(hook)
	err := newList(t, client, redisrepo.Options{}).Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte(key("<a />"))})
	if !errors.Is(err, xmlrepo.ErrExist) {
		t.Errorf("got %v, want ErrExist", err)
	}
}

// The user of the package's documentation can do everything.
func TestLeastPrivileges(t *testing.T) {
	f := start(t)
	acl := []any{"ACL", "SETUSER", "ring", "on", ">password", "resetkeys", "~DataProtection-Keys", "resetchannels", "&DataProtection-Keys:changed"}
	for _, rule := range strings.Fields("-@all +lrange +llen +rpush +lset +lrem +eval +publish +subscribe +unsubscribe +ping +hello") {
		acl = append(acl, rule)
	}
	if err := f.client.Do(t.Context(), acl...).Err(); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: f.server.Addr, Username: "ring", Password: "password"})
	defer client.Close()
	l := newList(t, client, redisrepo.Options{PollInterval: time.Hour})
	changes, err := l.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "at the start")
	e := xmlrepo.Element{Name: "key-" + id, XML: []byte(key("<a />"))}
	with := xmlrepo.Element{Name: e.Name, XML: []byte(key("<b />"))}
	for _, err := range []error{
		l.Store(t.Context(), e),
		l.Replace(t.Context(), e, with),
		l.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element { return all }),
		l.Store(t.Context(), with),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	receive(t, changes, "of what this user stored")
	if d, err := l.Durability(t.Context()); err != nil || d.Known {
		t.Errorf("Durability, which this user may not ask for: %+v, %v", d, err)
	}
}

// receive waits for a change.
func receive(t *testing.T, changes <-chan struct{}, what string) {
	t.Helper()
	select {
	case _, ok := <-changes:
		if !ok {
			t.Fatalf("the channel was closed %s", what)
		}
	case <-time.After(time.Minute):
		t.Fatalf("no change was told %s", what)
	}
}

// silence checks that nothing is told for a while.
func silence(t *testing.T, changes <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changes:
		t.Errorf("a change was told %s", what)
	case <-time.After(200 * time.Millisecond):
	}
}

// Nodes hear of each other by the channel, and of .NET by looking.
func TestWatch(t *testing.T) {
	f := start(t)
	patient := newList(t, f.client, redisrepo.Options{PollInterval: time.Hour})
	looking := newList(t, f.client, redisrepo.Options{PollInterval: 100 * time.Millisecond})
	ours, err := patient.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := looking.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receive(t, ours, "at the start")
	receive(t, all, "at the start")
	for len(f.client.PubSubNumSub(t.Context(), "DataProtection-Keys:changed").Val()) == 0 ||
		f.client.PubSubNumSub(t.Context(), "DataProtection-Keys:changed").Val()["DataProtection-Keys:changed"] < 2 {
		time.Sleep(time.Millisecond)
	}
	if err := f.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")}); err != nil {
		t.Fatal(err)
	}
	receive(t, ours, "of what another list stored")
	receive(t, all, "of what another list stored")
	silence(t, all, "twice")
	f.push(t, "<y />")
	receive(t, all, "of what another program stored")
	silence(t, ours, "by nobody")
	if err := f.client.LSet(t.Context(), f.Key(), 0, "<z />").Err(); err != nil {
		t.Fatal(err)
	}
	receive(t, all, "of what another program replaced")
	// A server that is killed and comes back empty is two changes.
	f.server.Kill()
	receive(t, all, "when the server went away")
	f.server.Start()
	receive(t, all, "when the server came back")
	receive(t, ours, "when the server came back")
}

// Whoever was told of a change may have failed to read it, if the connection broke
// then.
func TestWatchTellsOfALostConnection(t *testing.T) {
	f := start(t)
	proxy := servertest.NewProxy(t, f.server.Addr)
	changes, err := newList(t, connect(t, proxy.Addr), redisrepo.Options{PollInterval: time.Hour}).Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "at the start")
	for f.client.PubSubNumSub(t.Context(), f.Key()+":changed").Val()[f.Key()+":changed"] == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := f.Store(t.Context(), xmlrepo.Element{Name: "x", XML: []byte("<x />")}); err != nil {
		t.Fatal(err)
	}
	receive(t, changes, "of what another list stored")
	silence(t, changes, "by nobody")
	proxy.Cut()
	receive(t, changes, "of a connection that was lost and is back")
}

func TestDurability(t *testing.T) {
	for _, tt := range []struct {
		options []string
		want    redisrepo.Durability
		warned  string
	}{
		{nil, redisrepo.Durability{Known: true}, "redis.volatile"},
		{[]string{"--appendonly", "yes"}, redisrepo.Durability{Known: true, OnDisk: true}, ""},
		{[]string{"--save", "3600 1"}, redisrepo.Durability{Known: true, OnDisk: true}, ""},
		{[]string{"--save", "3600 1", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}, redisrepo.Durability{Known: true, OnDisk: true, Evicts: true}, "redis.evicts"},
		{[]string{"--save", "3600 1", "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"}, redisrepo.Durability{Known: true, OnDisk: true}, ""},
		{[]string{"--rename-command", "CONFIG", ""}, redisrepo.Durability{}, ""}, // as managed servers do
	} {
		t.Run(strings.Join(tt.options, " "), func(t *testing.T) {
			server := servertest.Redis(t, tt.options...)
			client := connect(t, server.Addr)
			var log lockedBuffer
			l := newList(t, client, redisrepo.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), PollInterval: time.Hour})
			if got, err := l.Durability(t.Context()); err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
			for range 3 { // once is enough
				ctx, cancel := context.WithCancel(t.Context())
				changes, err := l.Watch(ctx)
				if err != nil {
					t.Fatal(err)
				}
				receive(t, changes, "at the start")
				for client.PubSubNumSub(ctx, l.Key()+":changed").Val()[l.Key()+":changed"] == 0 {
					time.Sleep(time.Millisecond)
				}
				if err := l.Store(ctx, xmlrepo.Element{Name: "x", XML: []byte("<x />")}); err == nil {
					receive(t, changes, "of a store") // and so the subscription has been taken note of
				}
				cancel()
				for range changes {
				}
			}
			text := log.String()
			if n := strings.Count(text, "level=WARN"); tt.warned == "" && n > 0 || tt.warned != "" && (n != 1 || !strings.Contains(text, "event="+tt.warned)) {
				t.Errorf("the log says %q, want %q once", text, tt.warned)
			}
		})
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
