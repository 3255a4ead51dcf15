package keyring

import "dataprotection.example/internal/secret"

// refuseUnencrypted takes the secrets from the keys that lie in clear text, if
// only encrypted ones are wanted.
func (o Options) refuseUnencrypted(l *Listing) {
	if !o.RequireEncryptedKeys {
		return
	}
	for i := range l.Keys {
		if k := &l.Keys[i]; !k.EncryptedAtRest {
			k.material = newMaterial(k.Algorithms, secret.Bytes{}, ErrUnencryptedKey)
		}
	}
}

// examineUnencrypted looks for keys in clear text that were not asked for. One
// finding stands for all of them, so that a log has one line.
func (o Options) examineUnencrypted(l *Listing, add finder) {
	if o.AllowUnencryptedKeys {
		return
	}
	for _, k := range l.Keys {
		switch {
		case k.Revoked || k.EncryptedAtRest:
		case o.RequireEncryptedKeys:
			add(CodeRefusedKey, k.where(), "key %s lies in clear text and is refused", k.ID)
		default:
			add(CodeUnencryptedKeys, "", "there are keys in clear text: whoever reads the store can forge and open everything")
			return
		}
	}
}
