package dotnettest

import "time"

// RingOptions says how an application configures Data Protection. The zero
// value is ASP.NET Core's defaults without an application name.
type RingOptions struct {
	App               string  `json:"app,omitempty"`          // SetApplicationName, unless empty
	LifetimeDays      float64 `json:"lifetimeDays,omitempty"` // SetDefaultKeyLifetime, at least 7; 0 is .NET's 90
	DisableGeneration bool    `json:"disableGeneration,omitempty"`

	Encryption string   `json:"encryption,omitempty"` // of new keys: an EncryptionAlgorithm, such as AES_256_GCM
	Validation string   `json:"validation,omitempty"` // a ValidationAlgorithm; HMACSHA256 when empty
	Managed    *Managed `json:"managed,omitempty"`    // instead of the two above

	ProtectWithPFX   *PFX  `json:"protectWithPfx,omitempty"`
	UnprotectWithPFX []PFX `json:"unprotectWithPfx,omitempty"`
	NullEncryptor    bool  `json:"nullEncryptor,omitempty"` // NullXmlEncryptor: <unencryptedKey>

	Repository *Store `json:"repository,omitempty"` // instead of the directory; see [StartWithStores]
}

// Store is a store that is no directory.
type Store struct {
	Kind       string `json:"kind"`       // redis, postgres or mysql
	Connection string `json:"connection"` // as the .NET client wants it
	Name       string `json:"name"`       // of the list or the table
}

// Managed is a ManagedAuthenticatedEncryptorConfiguration: class names of
// System.Security.Cryptography.
type Managed struct {
	Encryption string `json:"encryption"` // Aes
	KeyBits    int    `json:"keyBits"`
	Validation string `json:"validation"` // HMACSHA384
}

// PFX is a certificate with its private key in a file.
type PFX struct {
	Path     string `json:"path"`
	Password string `json:"password"`
}

// Ring is ASP.NET Core Data Protection over one key directory.
type Ring struct {
	peer   *Peer
	handle int64
	err    error // why it could not be opened: the answer to every question
}

// Open configures Data Protection over dir. .NET reads and creates nothing yet.
// A configuration that .NET refuses is the error of the ring's first question.
func (p *Peer) Open(dir string, options RingOptions) *Ring {
	r := &Ring{peer: p}
	args := struct {
		Dir string `json:"dir"`
		RingOptions
	}{dir, options}
	var result struct{ Handle int64 }
	r.err = p.ask("open", args, &result)
	r.handle = result.Handle
	return r
}

// Reopen forgets what the ring has read and configures it again, as a restarted
// node does. A question under way on another goroutine may fail.
func (r *Ring) Reopen() error { return r.ask("reopen", nil, nil) }

// Close lets go of the ring; a peer that ends does the same.
func (r *Ring) Close() error { return r.ask("close", nil, nil) }

// Key is a key as .NET lists it.
type Key struct {
	ID         string // lower case, with dashes
	Creation   time.Time
	Activation time.Time
	Expiration time.Time
	Revoked    bool

	Descriptor string      // class: AuthenticatedEncryptorDescriptor; empty when .NET could not read one
	Encryption string      // as the descriptor's XML names it: AES_256_CBC, Aes
	KeyBits    int         // of descriptors that say so, else 0
	Validation string      // HMACSHA256; empty for GCM
	Usable     bool        // an encryptor can be made
	Error      []Exception // why not
}

// Keys reads the directory: IKeyManager.GetAllKeys.
func (r *Ring) Keys() ([]Key, error) {
	var keys []Key
	err := r.ask("keys", nil, &keys)
	return keys, err
}

// CreateKey is IKeyManager.CreateNewKey, which takes any dates.
func (r *Ring) CreateKey(activation, expiration time.Time) (Key, error) {
	var key Key
	err := r.ask("createKey", map[string]any{"activation": activation, "expiration": expiration}, &key)
	return key, err
}

// RevokeKey is IKeyManager.RevokeKey; the id may be unknown.
func (r *Ring) RevokeKey(id, reason string) error {
	return r.ask("revokeKey", map[string]any{"id": id, "reason": reason}, nil)
}

// RevokeAllKeys is IKeyManager.RevokeAllKeys: every key created before date.
func (r *Ring) RevokeAllKeys(date time.Time, reason string) error {
	return r.ask("revokeAllKeys", map[string]any{"date": date, "reason": reason}, nil)
}

// DeleteKeys is IDeletableKeyManager.DeleteKeys, and reports what that returned.
func (r *Ring) DeleteKeys(ids ...string) (bool, error) {
	var result struct{ Deleted bool }
	err := r.ask("deleteKeys", map[string]any{"ids": ids}, &result)
	return result.Deleted, err
}

func (r *Ring) ask(command string, args map[string]any, result any) error {
	if r.err != nil {
		return r.err
	}
	if args == nil {
		args = make(map[string]any)
	}
	args["handle"] = r.handle
	return r.peer.ask(command, args, result)
}
