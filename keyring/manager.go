package keyring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/secret"
	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// Manager reads and writes the elements of a ring (XmlKeyManager). It keeps
// nothing between calls: every call sees the store as it is. It is safe for
// concurrent use.
//
// Writes reach the open rings of other processes as soon as those look; see
// [Ring].
type Manager struct {
	repo xmlrepo.Repository
	opts Options
	// wrote is told of each successful write; nil for a manager of its own.
	wrote func(context.Context)
}

// NewManager returns a manager of the ring in repo. It does no I/O; an error
// means that opts contradict themselves.
func NewManager(repo xmlrepo.Repository, opts Options) (*Manager, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Manager{repo: repo, opts: opts}, nil
}

// tick is the unit of .NET's dates.
const tick = 100 * time.Nanosecond

// allDecryptors returns the configured decryptors and the one that is always there.
func (o Options) allDecryptors() []XMLDecryptor {
	return append([]XMLDecryptor{NullXMLDecryptor{}}, o.Decryptors...)
}

func (m *Manager) reader() *reader { return &reader{decryptors: m.opts.allDecryptors()} }

// Read returns everything in the store, or an error: for an element that
// cannot be read, a revocation that cannot be understood and a key id that
// occurs twice, the error is or wraps an [*ElementError] or the store's own
// that names the file.
func (m *Manager) Read(ctx context.Context) (*Listing, error) {
	l, err := m.reader().read(ctx, m.repo)
	if err != nil {
		return nil, err
	}
	m.opts.refuseUnencrypted(l)
	return l, nil
}

// Keys returns the keys of the ring, by creation date and id
// (IKeyManager.GetAllKeys). Broken key elements are left out; see Read.
func (m *Manager) Keys(ctx context.Context) ([]Key, error) {
	l, err := m.Read(ctx)
	if err != nil {
		return nil, err
	}
	return l.Keys, nil
}

// NewKeyOptions are the dates and algorithms of a key to be made.
type NewKeyOptions struct {
	Activation time.Time  // zero: now
	Expiration time.Time  // zero: Options.NewKeyLifetime after the activation
	Algorithms Algorithms // zero: Options.Algorithms
}

// CreateKey makes a key, stores it and returns it (IKeyManager.CreateNewKey).
//
// Every node takes the key with the latest activation date as soon as it has
// read it, and .NET nodes read once a day: in a farm, let a new key's
// activation lie PropagationWindow ahead.
//
// In a ring whose unexpired keys are encrypted at rest it fails with
// ErrEncryptorRequired when no Encryptor is configured, unless
// AllowUnencryptedKeys is set, and in any ring with RequireEncryptedKeys. A mass
// revocation dated further ahead than ClockSkew would revoke the key at birth
// and is an error.
func (m *Manager) CreateKey(ctx context.Context, o NewKeyOptions) (Key, error) {
	l, err := m.Read(ctx)
	if err != nil {
		return Key{}, err
	}
	k, err := m.createKey(ctx, l, o)
	if err == nil {
		m.notify(ctx)
	}
	return k, err
}

func (m *Manager) createKey(ctx context.Context, l *Listing, o NewKeyOptions) (Key, error) {
	now := dotnet.Truncate(m.opts.Now())
	k := Key{ID: uuid.New(), CreationDate: now, ActivationDate: now, Algorithms: m.opts.Algorithms}
	if !o.Activation.IsZero() {
		k.ActivationDate = dotnet.Truncate(o.Activation)
	}
	k.ExpirationDate = k.ActivationDate.Add(m.opts.NewKeyLifetime)
	if !o.Expiration.IsZero() {
		k.ExpirationDate = dotnet.Truncate(o.Expiration)
	}
	if !k.ExpirationDate.After(k.ActivationDate) {
		return Key{}, errors.New("keyring: the key's expiration is not after its activation")
	}
	if k.ExpirationDate.Year() > 9999 || k.ActivationDate.Year() < 1 {
		return Key{}, errors.New("keyring: the key's dates are outside the years 1 to 9999")
	}
	if o.Algorithms != (Algorithms{}) {
		k.Algorithms = o.Algorithms.withDefaults()
		if err := k.Algorithms.checkNew(); err != nil {
			return Key{}, err
		}
	}
	if m.opts.Encryptor == nil && m.opts.RequireEncryptedKeys {
		return Key{}, ErrEncryptorRequired
	}
	if old, ok := l.encryptedAndUnexpired(now); ok && m.opts.Encryptor == nil && !m.opts.AllowUnencryptedKeys {
		return Key{}, &ElementError{old.ElementName, old.Location, ErrEncryptorRequired}
	}
	if mass, ok := l.latestMassRevocation(); ok && mass.covers(k) {
		if mass.date.After(now.Add(m.opts.ClockSkew)) {
			source := mass.source
			source.Err = fmt.Errorf("a revocation of all keys dated %s would revoke a new key at birth", dotnet.FormatDate(mass.date))
			return Key{}, &source
		}
		k.CreationDate = mass.date.Add(tick) // somebody's clock is a little ahead
	}
	k, err := m.storeKey(ctx, k)
	if err != nil {
		return Key{}, err
	}
	m.logWrite(ctx, "key created", slog.String("event", "key.created"), slog.String("id", k.ID.String()),
		slog.Time("activation", k.ActivationDate), slog.Time("expiration", k.ExpirationDate))
	return k, nil
}

// storeKey gives k a new secret, writes it, and returns it as it was written.
func (m *Manager) storeKey(ctx context.Context, k Key) (made Key, err error) {
	var stored xmlrepo.Element
	secret.Do(func() { stored, made, err = m.makeKey(ctx, k) })
	if err != nil {
		return Key{}, err
	}
	if err := m.repo.Store(ctx, stored); err != nil {
		return Key{}, m.notStored(stored.Name, err)
	}
	made.ElementName = stored.Name
	return made, nil
}

// notStored returns the error of storing a key as one of the store: what is not
// there is at fault for nothing, and with the random name in it every attempt
// would look like another failure.
func (m *Manager) notStored(name string, err error) error {
	var file *xmlrepo.FileError
	if !errors.As(err, &file) || !strings.Contains(file.Path, name) {
		return fmt.Errorf("keyring: storing a new key: %w", err)
	}
	return m.fault(fmt.Errorf("keyring: storing a new key: %w", file.Err))
}

// makeKey gives k a new secret and returns its element, and what that reads as.
func (m *Manager) makeKey(ctx context.Context, k Key) (xmlrepo.Element, Key, error) {
	raw := make([]byte, masterKeySize)
	defer clear(raw)
	_, _ = rand.Read(raw) // never fails: it crashes the program instead
	if err := m.escrow(ctx, k, raw); err != nil {
		return xmlrepo.Element{}, Key{}, err
	}
	secretElement := masterKeyElement(raw)
	if m.opts.Encryptor != nil {
		sealed, err := encryptSecret(ctx, m.opts.Encryptor, secretElement)
		if err != nil {
			return xmlrepo.Element{}, Key{}, fmt.Errorf("keyring: encrypting a new key: %w", err)
		}
		secretElement = sealed
	}
	el := keyElement(k, newKeyDeserializer+dotnetAssembly, newDescriptor(k.Algorithms, secretElement))
	e := xmlrepo.Element{Name: "key-" + k.ID.String(), XML: xmldoc.Compact(el)}
	parsed := parseElement(ctx, e.XML, m.opts.allDecryptors())
	if parsed.err != nil {
		return xmlrepo.Element{}, Key{}, fmt.Errorf("keyring: a new key cannot be read back: %w", parsed.err)
	}
	if m.opts.RequireEncryptedKeys && !parsed.key.EncryptedAtRest {
		return xmlrepo.Element{}, Key{}, fmt.Errorf("%w: the one there is encrypts nothing", ErrEncryptorRequired)
	}
	return e, parsed.key, nil
}

// notify tells the ring, if there is one, of a write.
func (m *Manager) notify(ctx context.Context) {
	if m.wrote != nil {
		m.wrote(ctx)
	}
}

// logWrite logs what a manager of its own has done. That of a ring leaves it to
// the ring, which sees the change like any other.
func (m *Manager) logWrite(ctx context.Context, what string, attrs ...any) {
	if m.wrote == nil {
		m.opts.Logger.InfoContext(ctx, what, attrs...)
	}
}
