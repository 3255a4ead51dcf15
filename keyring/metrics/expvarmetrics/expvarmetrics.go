// Package expvarmetrics shows the metrics of a key ring through the standard
// library's expvar.
package expvarmetrics

import (
	"expvar"

	"dataprotection.example/keyring"
)

// values is what is shown, in the units of the names.
type values struct {
	Protects          uint64            `json:"protects"`
	ProtectErrors     uint64            `json:"protectErrors"`
	Unprotects        map[string]uint64 `json:"unprotects"`
	Refreshes         uint64            `json:"refreshes"`
	RefreshErrors     uint64            `json:"refreshErrors"`
	UnknownKeys       uint64            `json:"unknownKeys"`
	Keys              int               `json:"keys"`
	DefaultExpireDays float64           `json:"defaultExpiresDays"`
	SnapshotAge       float64           `json:"snapshotAgeSeconds"`
}

// Var returns a variable that reads ring whenever it is asked. Publish it under
// a name of your choice:
//
//	expvar.Publish("keyring", expvarmetrics.Var(ring))
func Var(ring *keyring.Ring) expvar.Var {
	return expvar.Func(func() any {
		m := ring.Metrics()
		return values{
			Protects:      m.Protects,
			ProtectErrors: m.ProtectErrors,
			Unprotects: map[string]uint64{
				"opened":      m.Unprotects.Opened,
				"invalid":     m.Unprotects.Invalid,
				"notFound":    m.Unprotects.NotFound,
				"revoked":     m.Unprotects.Revoked,
				"unreadable":  m.Unprotects.Unreadable,
				"interrupted": m.Unprotects.Interrupted,
			},
			Refreshes:         m.Refreshes,
			RefreshErrors:     m.RefreshErrors,
			UnknownKeys:       m.UnknownKeys,
			Keys:              m.Keys,
			DefaultExpireDays: m.DefaultExpires.Hours() / 24,
			SnapshotAge:       m.SnapshotAge.Seconds(),
		}
	})
}
