// Package redisrepo keeps a key ring in a Redis list, value for value as ASP.NET
// Core does (Microsoft.AspNetCore.DataProtection.StackExchangeRedis), so that
// processes on both runtimes can share it.
//
//	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"redis:6379"}})
//	repo, err := redisrepo.New(client, redisrepo.Options{})
//	ring, err := keyring.Open(ctx, repo, keyring.Options{})
//
// Everything is in one list, by default "DataProtection-Keys": each value is an
// element as text, without a name. Reading is LRANGE. To what .NET does the
// package adds that nothing is stored twice, that elements can be removed and
// replaced, and that nodes tell each other of changes on a channel. All of that
// is in scripts with this one key, so that clusters do it too.
//
// Redis is what its configuration makes of it. A server that keeps nothing on
// disk forgets the ring when it restarts, and every payload with it; one that
// may evict keys without an expiry does so when its memory is full. See
// [List.Durability]. Replication is asynchronous: what was stored in the moment
// before a failover may be gone after it. An open ring takes the loss of all its
// keys for a failure, and goes on with those it has.
//
// Whoever can write to the list can make keys, and whoever can read it has them,
// unless they are encrypted. A user with no more rights than needed:
//
//	ACL SETUSER ring on >password resetkeys ~DataProtection-Keys resetchannels &DataProtection-Keys:changed
//	    -@all +lrange +llen +rpush +lset +lrem +eval +publish +subscribe +unsubscribe +ping +hello
package redisrepo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/elementtext"
	"dataprotection.example/xmlrepo"
)

// Options configures a [List]. The zero value is where ASP.NET Core looks.
type Options struct {
	// Key of the list. Empty means "DataProtection-Keys".
	Key string

	// Channel on which nodes of this package tell each other of changes.
	// Empty means the key with ":changed" behind.
	Channel string

	// PollInterval is how often Watch looks whether something has changed
	// that nobody told of; up to 20 % is taken off at random. Zero means 30 s.
	PollInterval time.Duration

	// Logger hears once when the server may lose the ring. Nil is silent.
	Logger *slog.Logger
}

// List is a list of elements on a Redis server, sentinel or cluster. It is also a
// Remover, a Replacer, a Watcher, a Fingerprinter and Located. It is the sibling of .NET's
// RedisXmlRepository.
//
// Reading: every value is one element. As in .NET an XML declaration may stand
// before it, whatever encoding that names, or white space. A byte order mark,
// with which .NET fails, is skipped here. A value that is not one well-formed
// element makes the read fail, with an *xmlrepo.FileError whose Path tells its
// index, such as "redis list DataProtection-Keys[3]", and is ErrMalformed.
//
// Names come from the content: "key-{id}", "revocation-{id}" and
// "revocation-{date}" as ASP.NET Core would have it, "element-{hash}" for what is
// neither. Store takes any name that passes CheckName and does not keep it;
// ErrExist means that the name from the content is taken.
//
// .NET does not look before it writes, so one name may occur again. Of values
// with the same element, which a repeated command leaves behind, Elements returns
// one: it is the same element, although .NET refuses a ring that holds the same
// key twice. Of different elements of one name, such as two revocations of a key,
// Elements returns all; those behind the first have a part of their hash in their
// name.
//
// A call ends when its context is done if the client's options say
// ContextTimeoutEnabled, else after the client's timeouts at the latest.
type List struct {
	client  redis.UniversalClient
	key     string
	channel string
	poll    time.Duration
	log     *slog.Logger
	warned  atomic.Bool
}

// New returns the list that opts name. It does not talk to the server. The client
// stays the caller's, to be closed after every use of the list has ended, watches
// included. One that reads from replicas may not see what was just stored.
func New(client redis.UniversalClient, opts Options) (*List, error) {
	if client == nil {
		return nil, errors.New("redisrepo: there is no client")
	}
	if opts.PollInterval < 0 {
		return nil, errors.New("redisrepo: Options.PollInterval is negative")
	}
	l := &List{client: client, key: opts.Key, channel: opts.Channel, poll: opts.PollInterval, log: opts.Logger}
	if l.key == "" {
		l.key = "DataProtection-Keys"
	}
	if l.channel == "" {
		l.channel = l.key + ":changed"
	}
	if l.poll == 0 {
		l.poll = 30 * time.Second
	}
	return l, nil
}

// Key returns the key of the list.
func (l *List) Key() string { return l.key }

// Location implements xmlrepo.Located: "redis list" and the key.
func (l *List) Location() string { return "redis list " + l.key }

// Elements implements Repository.
func (l *List) Elements(ctx context.Context) ([]xmlrepo.Element, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.fault("read", err)
	}
	texts, err := l.client.LRange(ctx, l.key, 0, -1).Result()
	if err != nil {
		return nil, l.fault("read", err)
	}
	found, err := l.understand(texts)
	if err != nil {
		return nil, err
	}
	return elements(found), nil
}

// Fingerprint implements Fingerprinter. It is the number of values and, computed
// by the server, a hash of all of them in their order.
func (l *List) Fingerprint(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", l.fault("fingerprint", err)
	}
	state, err := l.client.Eval(ctx, stateScript, []string{l.key}).Text()
	if err != nil {
		return "", l.fault("fingerprint", err)
	}
	return state, nil
}

// understand returns the elements in the values of the list. The error is for
// the first value that is none; the others are returned even then.
func (l *List) understand(texts []string) ([]elementtext.Element, error) {
	values := make([]elementtext.Value, len(texts))
	for i, text := range texts {
		values[i] = elementtext.Value{Text: text, Location: fmt.Sprintf("%s[%d]", l.Location(), i)}
	}
	found, err := elementtext.Read(values)
	var malformed *elementtext.Error
	if errors.As(err, &malformed) {
		err = &xmlrepo.FileError{Path: malformed.Location, Err: xmlrepo.Malformed(malformed.Err)}
	}
	return found, err
}

func elements(found []elementtext.Element) []xmlrepo.Element {
	list := make([]xmlrepo.Element, len(found))
	for i, e := range found {
		list[i] = xmlrepo.Element{Name: e.Name, XML: e.XML, Location: e.Location}
	}
	return list
}

// fault says what failed, and where.
func (l *List) fault(what string, err error) error { return &listError{what, l.Location(), err} }

type listError struct {
	what, place string
	err         error
}

func (e *listError) Error() string {
	return "redisrepo: " + e.what + " " + e.place + ": " + strings.TrimPrefix(e.err.Error(), "xmlrepo: ")
}

func (e *listError) Unwrap() error { return e.err }

// refused reports whether err is what the server answered, and not the lack of
// an answer.
func refused(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) && !strings.HasPrefix(err.Error(), "LOADING")
}
