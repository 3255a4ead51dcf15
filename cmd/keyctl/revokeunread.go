package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// revokeUnread stores a record for each key in a ring that cannot be read, for
// the reason in cause: what is broken must not keep anybody from revoking. Which
// keys there are, and whether they are revoked already, is not looked at.
func (p *program) revokeUnread(ctx context.Context, m *keyring.Manager, ids []uuid.UUID, reason string, cause error) error {
	p.warn("the ring cannot be read, and is not looked at: %s", plain(cause))
	done := revokedView{Revoked: []string{}, Already: []string{}, Names: []string{}}
	var err error
	for _, id := range ids {
		var r keyring.RevokeResult
		if r, err = m.RevokeKey(ctx, id, reason); err != nil {
			err = fmt.Errorf("key %s is not revoked: %w", id, err)
			break
		}
		p.addRevoked(&done, id, r)
	}
	if len(done.Names) > 0 {
		p.note("%s stored: %s", countAre(len(done.Names), "record"), strings.Join(done.Names, ", "))
	}
	if len(done.Names)+len(done.Already) > 0 {
		p.warn("no node obeys before the ring can be read again: every node refuses it as it is. " +
			"Open rings, in Go and in .NET, go on with what they have read, the revoked keys too; programs that start now can open and protect nothing")
		p.note("hint: mend the ring (keyctl doctor), then restart ASP.NET Core nodes; if a key must open nothing from now on, stop the programs until then")
	}
	return errors.Join(p.printRevokedData(done), err)
}

// orForce adds to the error of a ring that is refused that single keys can be
// revoked all the same.
func orForce(err error) error {
	element, file := (*keyring.ElementError)(nil), (*xmlrepo.FileError)(nil)
	if !errors.As(err, &element) && !errors.As(err, &file) {
		return err
	}
	const all = "keyctl revoke ID --force revokes single keys all the same"
	if hint := asFailure(err, true).hint; hint != "" {
		return failed(err, hint+". Meanwhile "+all)
	}
	return failed(err, all)
}
