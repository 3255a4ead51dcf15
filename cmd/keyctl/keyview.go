package main

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
)

// The states of a key. A key has the first that fits.
const (
	stateRevoked    = "revoked"
	stateUnreadable = "unreadable" // it cannot be used, here or anywhere
	stateExpired    = "expired"
	stateCreated    = "created" // its activation is still to come
	stateActive     = "active"
)

// keyView is a key as list prints it. The fields are a contract. A nil is null:
// there is no such thing, or nobody can tell.
type keyView struct {
	ID               *string `json:"id"`
	CreationDate     *string `json:"creationDate"`
	ActivationDate   *string `json:"activationDate"`
	ExpirationDate   *string `json:"expirationDate"`
	Revoked          *bool   `json:"revoked"`
	RevocationDate   *string `json:"revocationDate"`
	RevocationReason *string `json:"revocationReason"`
	State            string  `json:"state"`
	Default          bool    `json:"default"`
	Encryption       *string `json:"encryption"`
	Validation       *string `json:"validation"`
	EncryptedAtRest  *bool   `json:"encryptedAtRest"`
	Readable         bool    `json:"readable"`
	Name             string  `json:"name"`
	Error            *string `json:"error"`
	// Protection is "none" for clear text; see atrest.Kind.
	Protection   *string           `json:"protection"`
	Certificates []certificateView `json:"certificates"` // any of them opens it
	KeyVaultKey  *string           `json:"keyVaultKey"`

	key keyring.Key // zero for a broken one
	at  string      // where it is stored
}

// policy is ASP.NET's choice of keys, except that a key counts as usable when
// nothing but its decryptor is missing here: the servers have it.
func policy() keyring.Policy {
	return keyring.Policy{Usable: func(k keyring.Key) bool {
		_, err := k.Encryptor()
		return err == nil || k.DecryptorMissing
	}}
}

// viewAll shows every key of a ring at an instant: by creation and id, what is
// broken last.
func viewAll(l *keyring.Listing, now time.Time) []keyView {
	chosen := policy().Resolve(now, l.Keys).Default
	views := make([]keyView, 0, len(l.Keys)+len(l.Broken))
	for i := range l.Keys {
		views = append(views, viewKey(l.Keys[i], now, chosen == &l.Keys[i]))
	}
	for _, b := range l.Broken {
		views = append(views, viewBroken(b))
	}
	return views
}

func viewKey(k keyring.Key, now time.Time, isDefault bool) keyView {
	_, err := k.Encryptor()
	v := keyView{
		ID:              new(k.ID.String()),
		CreationDate:    date(k.CreationDate),
		ActivationDate:  date(k.ActivationDate),
		ExpirationDate:  date(k.ExpirationDate),
		Revoked:         new(k.Revoked),
		State:           stateOf(k, now),
		Default:         isDefault,
		Encryption:      orNull(k.Algorithms.Encryption.String()),
		Validation:      orNull(k.Algorithms.Validation.String()),
		EncryptedAtRest: new(k.EncryptedAtRest),
		Readable:        err == nil,
		Name:            k.ElementName,
		Certificates:    []certificateView{},
		key:             k,
		at:              cmp.Or(k.Location, k.ElementName),
	}
	if k.Revoked {
		v.RevocationDate, v.RevocationReason = date(k.RevocationDate), orNull(k.RevocationReason)
	}
	if err != nil {
		v.Error = new(plain(err))
	}
	if !k.EncryptedAtRest {
		v.Protection = new(string(atrest.KindNone))
	}
	return v
}

func viewBroken(b keyring.BrokenKey) keyView {
	v := keyView{
		State:        stateUnreadable,
		Name:         b.Err.Name,
		Error:        new(plain(b.Err.Err)),
		Certificates: []certificateView{},
		at:           cmp.Or(b.Err.Location, b.Err.Name),
	}
	if b.ID != (uuid.UUID{}) {
		v.ID = new(b.ID.String())
	}
	return v
}

func stateOf(k keyring.Key, now time.Time) string {
	_, err := k.Encryptor()
	switch {
	case k.Revoked:
		return stateRevoked
	case err != nil && !k.DecryptorMissing:
		return stateUnreadable
	case !now.Before(k.ExpirationDate):
		return stateExpired
	case now.Before(k.ActivationDate):
		return stateCreated
	}
	return stateActive
}

// date is a time as JSON has it; nil for none.
func date(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(dotnet.FormatDate(t))
}

// orNull is nil for the empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// orElse is the text, or what stands for none.
func orElse(text *string, none string) string {
	if text == nil {
		return none
	}
	return *text
}

// stateCell colours a state.
func stateCell(state string) cell {
	return cell{state, map[string]style{
		stateRevoked: red, stateUnreadable: red, stateExpired: faint, stateCreated: yellow, stateActive: green,
	}[state]}
}

// id is the key's id, or what a table shows for none.
func (v keyView) id() string { return orElse(v.ID, "?") }

// dates are the three dates as a table shows them.
func (v keyView) dates() []cell {
	if v.CreationDate == nil {
		return []cell{{"?", faint}, {"?", faint}, {"?", faint}}
	}
	return []cell{{moment(v.key.CreationDate), noStyle}, {moment(v.key.ActivationDate), noStyle}, {moment(v.key.ExpirationDate), noStyle}}
}
