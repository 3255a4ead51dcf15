package atrest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// Escrow keeps a copy of each new key of a ring in a second store, encrypted to
// a certificate whose private key no node has (IKeyEscrowSink). It goes into
// [keyring.Options.EscrowSinks]. It is safe for concurrent use.
//
// The second store is a key ring itself. To restore from it, bring its private
// key out of the safe and
//
//  1. copy the elements that the lost ring lacks into it (for directories: the
//     files), under their names;
//  2. run [keyring.Manager.Rewrap] on the ring, with the escrow's certificate
//     among the decryptors: that encrypts them to the ring's own certificate,
//     and nodes read them as they did before.
//
// It holds no revocations. If those were lost too, revoke anew before any node
// opens the ring: a copy of a revoked key is a good key again. A copy may also
// be of a key that never came into the ring, because storing it there failed
// afterwards; such a key protects nothing and harms nobody.
type Escrow struct {
	repo      xmlrepo.Repository
	encryptor keyring.XMLEncryptor
}

// NewEscrow returns the sink that writes to repo what encryptor has encrypted:
// in general a [CertificateEncryptor] to a certificate without private key.
func NewEscrow(repo xmlrepo.Repository, encryptor keyring.XMLEncryptor) (*Escrow, error) {
	if repo == nil || encryptor == nil {
		return nil, errors.New("atrest: an escrow needs a store and an encryptor")
	}
	return &Escrow{repo, encryptor}, nil
}

// StoreKey encrypts a key and stores it under its usual name. If it succeeds the
// copy is as safe as the store is.
func (e *Escrow) StoreKey(ctx context.Context, id uuid.UUID, element []byte) error {
	sealed, err := keyring.EncryptKey(ctx, e.encryptor, element)
	if err != nil {
		return fmt.Errorf("atrest: escrow of key %s: %w", id, err)
	}
	if err := e.repo.Store(ctx, xmlrepo.Element{Name: "key-" + id.String(), XML: sealed}); err != nil {
		return fmt.Errorf("atrest: escrow of key %s: %w", id, err)
	}
	return nil
}
