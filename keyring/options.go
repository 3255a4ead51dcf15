package keyring

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options configures a [Ring] or a [Manager] (KeyManagementOptions). The zero
// value is ASP.NET Core's behaviour where ASP.NET Core has one. The intervals
// marked "fixed in .NET" may be changed where no .NET node shares the ring;
// beside .NET nodes, keep the defaults.
type Options struct {
	// Algorithms of new keys; zero means AES_256_CBC with HMACSHA256.
	Algorithms Algorithms

	// NewKeyLifetime counts from a new key's activation; default 90 days, at
	// least 7.
	NewKeyLifetime time.Duration

	// DisableAutomaticKeyGeneration makes the ring use what keys there are
	// (AutoGenerateKeys = false).
	DisableAutomaticKeyGeneration bool

	// RequireExistingKeys makes Open fail on a store without keys, for nodes
	// that must never begin a ring of their own.
	RequireExistingKeys bool

	// Encryptor encrypts the secret of each new key at rest; nil leaves it in
	// clear text (IXmlEncryptor).
	Encryptor XMLEncryptor

	// Decryptors open the secrets of encrypted keys (IXmlDecryptor).
	// [NullXMLDecryptor] is always among them.
	Decryptors []XMLDecryptor

	// AllowUnencryptedKeys says that clear-text keys are meant to be there: one
	// may be made in a ring whose keys are encrypted, which without it fails
	// with ErrEncryptorRequired, and nobody is warned of them.
	AllowUnencryptedKeys bool

	// RequireEncryptedKeys makes clear-text keys useless: they are listed, open
	// and protect nothing, and none is made. It is for rings that have been
	// encrypted as a whole (see Manager.Rewrap), against accidents and against
	// who would slip in a key that others know. It does not help against who
	// may write to the store and reads a certificate there to encrypt to.
	RequireEncryptedKeys bool

	// EscrowSinks are told of each new key before it is stored, one after the
	// other. An error of one means that the key is not stored.
	EscrowSinks []EscrowSink

	// RefreshInterval bounds the age of a snapshot where the store tells of no
	// changes; up to 20 % is taken off at random. Default 24 h, fixed in .NET.
	// A store that is an xmlrepo.Watcher, such as a directory, makes the ring
	// read as soon as something changes.
	RefreshInterval time.Duration

	// PropagationWindow is how long a key needs to reach every node. Default
	// 48 h, fixed in .NET; less is only for farms without .NET nodes.
	PropagationWindow time.Duration

	// ClockSkew is how far the clocks of two nodes may lie apart. Default
	// 5 min, fixed in .NET.
	ClockSkew time.Duration

	// UnknownKeyWait bounds how long a payload under an unknown key waits for
	// the store to be read again. Default 2 s.
	UnknownKeyWait time.Duration

	// GenerationDelay bounds the random wait before a key is generated
	// automatically, after which the ring looks again whether another node
	// was faster. Default 1 s; a fifth of it where an open ring has lost its
	// default key and nothing else can protect. Negative means none, for a
	// store of one process.
	GenerationDelay time.Duration

	// OnEvent is told of every change that an open ring sees, in order, from
	// the ring's own goroutine: it must return soon and not wait for the ring.
	OnEvent func(Event)

	// Logger receives what the ring does; nil is silent.
	Logger *slog.Logger

	// Now is the clock; nil means time.Now. It must be safe for concurrent use.
	Now func() time.Time
}

const (
	day                      = 24 * time.Hour
	defaultKeyLifetime       = 90 * day
	minimumKeyLifetime       = 7 * day
	defaultPropagationWindow = 2 * day
	defaultClockSkew         = 5 * time.Minute
)

// withDefaults returns o with every zero filled in, or what is wrong with it.
func (o Options) withDefaults() (Options, error) {
	o.Algorithms = o.Algorithms.withDefaults()
	if err := o.Algorithms.checkNew(); err != nil {
		return o, err
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"NewKeyLifetime", &o.NewKeyLifetime, defaultKeyLifetime},
		{"RefreshInterval", &o.RefreshInterval, day},
		{"PropagationWindow", &o.PropagationWindow, defaultPropagationWindow},
		{"ClockSkew", &o.ClockSkew, defaultClockSkew},
		{"UnknownKeyWait", &o.UnknownKeyWait, 2 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.zero
		}
		if *d.value < 0 {
			return o, fmt.Errorf("keyring: Options.%s is negative", d.name)
		}
	}
	if o.RequireEncryptedKeys && o.AllowUnencryptedKeys {
		return o, errors.New("keyring: Options.RequireEncryptedKeys and AllowUnencryptedKeys contradict each other")
	}
	if o.NewKeyLifetime < minimumKeyLifetime {
		return o, errors.New("keyring: Options.NewKeyLifetime is less than 7 days")
	}
	if o.GenerationDelay == 0 {
		o.GenerationDelay = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}
