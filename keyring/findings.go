package keyring

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"dataprotection.example/internal/dotnet"
)

// Level says how bad a [Finding] is.
type Level uint8

// The levels.
const (
	LevelInfo Level = iota + 1
	LevelWarning
	LevelError
)

// String returns "info", "warning" or "error".
func (l Level) String() string {
	switch l {
	case LevelInfo:
		return "info"
	case LevelWarning:
		return "warning"
	case LevelError:
		return "error"
	}
	return ""
}

// MarshalText returns String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

func (l Level) slog() slog.Level {
	switch l {
	case LevelWarning:
		return slog.LevelWarn
	case LevelError:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// Finding is one thing about a ring that somebody should know.
type Finding struct {
	Level   Level  `json:"level"`
	Code    string `json:"code"`    // stable, such as "no-default-key"
	File    string `json:"file"`    // the file or element at fault; may be empty
	Message string `json:"message"` // what is the matter
	Fix     string `json:"fix"`     // what to do about it
}

// Findings examines a listing at an instant, the worst first.
func (m *Manager) Findings(now time.Time, l *Listing) []Finding { return m.opts.findings(now, l) }

func (o Options) findings(now time.Time, l *Listing) []Finding {
	var all []Finding
	add := func(level Level, code, file, fix, format string, args ...any) {
		all = append(all, Finding{level, code, file, fmt.Sprintf(format, args...), fix})
	}
	r := o.policy().Resolve(now, l.Keys)
	switch {
	case r.Default == nil && r.Fallback == nil:
		add(LevelError, "no-default-key", "", "create a key, or let a node that may do so generate one",
			"nothing can be protected: %v", r.Reason)
	case r.Default == nil:
		add(LevelWarning, "fallback-key", r.Fallback.where(), "create a key that activates now",
			"key %s protects only because there is no default key: %v", r.Fallback.ID, r.Reason)
	case o.DisableAutomaticKeyGeneration && wantedKey(now, r, l.Keys, o.policy(), o.RefreshInterval) != nil:
		add(LevelWarning, "default-expires", r.Default.where(), "create a key that activates when this one expires",
			"the default key %s expires on %s and has no successor, and automatic generation is off",
			r.Default.ID, dotnet.FormatDate(r.Default.ExpirationDate))
	}
	for _, b := range l.Broken {
		add(LevelError, "broken-key", cmp.Or(b.Err.Location, b.Err.Name), "restore the file from a backup, or remove it",
			"a key element cannot be read and is left out: %v", b.Err.Err)
	}
	for _, k := range l.Keys {
		// The rest are in clear text and of a known algorithm: looking at each
		// secret would make a large ring slow for nothing.
		if k.Revoked || !k.EncryptedAtRest && k.Algorithms != (Algorithms{}) {
			continue
		}
		_, err := k.Encryptor()
		switch {
		case err == nil:
		case k.EncryptedAtRest:
			add(LevelError, "unreadable-key", k.where(), "give this node the certificate or key that decrypts it",
				"key %s cannot be decrypted here: %v", k.ID, err)
		default:
			add(LevelError, "unusable-key", k.where(), "keep to the algorithms of ASP.NET Core, or revoke the key",
				"key %s cannot be used here: %v", k.ID, err)
		}
	}
	if mass, ok := l.latestMassRevocation(); ok && mass.date.After(now) {
		add(LevelWarning, "future-revocation", cmp.Or(mass.source.Location, mass.source.Name),
			"wait until then before creating a key, or remove the record if it is a mistake",
			"a revocation of all keys is dated %s, which is in the future: it also revokes keys made before then",
			dotnet.FormatDate(mass.date))
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(b.Level, a.Level) })
	return all
}

// where names the place of k for a person.
func (k Key) where() string { return cmp.Or(k.Location, k.ElementName) }
