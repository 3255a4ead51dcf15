package keyring

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"dataprotection.example/internal/xmldoc"
)

// EscrowSink keeps a copy of each new key in a safe place, for the day when the
// ring or what decrypts it is lost (IKeyEscrowSink). It must be safe for
// concurrent use.
type EscrowSink interface {
	// StoreKey is handed the whole <key> element, UTF-8 and compact, with its
	// secret in clear text: it encrypts it before it leaves the process, and
	// neither keeps nor prints it. The bytes are cleared when it returns. It
	// is called before the ring's own store is written to, so that it may
	// learn of keys that never come into the ring.
	StoreKey(ctx context.Context, id uuid.UUID, element []byte) error
}

// escrow tells the sinks of a key that is about to be stored.
func (m *Manager) escrow(ctx context.Context, k Key, masterKey []byte) error {
	for _, sink := range m.opts.EscrowSinks {
		el := keyElement(k, newKeyDeserializer+dotnetAssembly, newDescriptor(k.Algorithms, masterKeyElement(masterKey)))
		plain := xmldoc.Compact(el)
		err := sink.StoreKey(ctx, k.ID, plain)
		clear(plain)
		if err != nil {
			return fmt.Errorf("keyring: a new key was not stored because its escrow failed: %w", err)
		}
	}
	return nil
}

// EncryptKey returns a stored <key> element with the secrets that lie in it in
// clear text encrypted by e: every element marked requiresEncryption, every
// <masterKey>, and what [NullXMLEncryptor] has wrapped. What is encrypted
// already stays as it is. It is an error if nothing is left to encrypt.
func EncryptKey(ctx context.Context, e XMLEncryptor, element []byte) ([]byte, error) {
	root, err := xmldoc.Parse(element)
	if err != nil {
		return nil, err
	}
	if !isElement(root, "key") {
		return nil, fmt.Errorf("keyring: the element <%.100s> is not a <key>", root.Tag)
	}
	n, err := sealSecrets(ctx, e, root)
	if err != nil {
		return nil, fmt.Errorf("keyring: encrypting a key: %w", err)
	}
	if n == 0 {
		return nil, fmt.Errorf("keyring: encrypting a key: %w", errNoSecret)
	}
	return xmldoc.Compact(root), nil
}
