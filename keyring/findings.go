package keyring

import (
	"cmp"
	"log/slog"
	"slices"
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

// Code names a kind of finding. The names are stable.
type Code string

// The findings about a ring, by what looks for them: the first group by [Ring]
// and [Manager.Examine], the second by [Manager.Examine] alone, the third by
// whoever knows the machine, such as keyctl doctor.
const (
	CodeNoDefaultKey     Code = "no-default-key"
	CodeFallbackKey      Code = "fallback-key"
	CodeDefaultExpires   Code = "default-expires"
	CodeBrokenKey        Code = "broken-key"
	CodeUnreadableKey    Code = "unreadable-key"
	CodeUnusableKey      Code = "unusable-key"
	CodeFutureKey        Code = "future-key"
	CodeFutureRevocation Code = "future-revocation"
	CodeMisleadingName   Code = "misleading-name"
	CodeUnencryptedKeys  Code = "unencrypted-keys"
	CodeRefusedKey       Code = "refused-key"

	CodeUnreadableStore  Code = "unreadable-store"
	CodeMalformedElement Code = "malformed-element"
	CodeBrokenRevocation Code = "broken-revocation"
	CodeDuplicateKey     Code = "duplicate-key"
	CodeEmptyRing        Code = "empty-ring"

	CodeLooseMode    Code = "loose-mode"
	CodeForeignOwner Code = "foreign-owner"
	CodeClockSkew    Code = "clock-skew"
	CodeNoMount      Code = "no-mount"
	CodeNoEvents     Code = "no-events"
	CodeNotWritable  Code = "not-writable"
	CodeLeftover     Code = "leftover-file"
)

// findingKind is what is always the same about a code.
type findingKind struct {
	code  Code
	level Level
	fix   string
}

// findingKinds is the one table of everything that may be wrong with a ring.
func findingKinds() []findingKind {
	return []findingKind{
		{CodeUnreadableStore, LevelError, "make the store readable for this user again; until then open rings keep what they have read"},
		{CodeMalformedElement, LevelError, "restore the file from a backup, or move it out of the directory if it is not part of the ring"},
		{CodeBrokenRevocation, LevelError, "restore the record; if that cannot be, write it anew with keyctl revoke and move this file away"},
		{CodeDuplicateKey, LevelError, "compare the two files and move one of them away: the copy, or the one that was not written by a node"},
		{CodeNoDefaultKey, LevelError, "create a key (keyctl create, or keyctl ensure), or start a node that may generate one"},
		{CodeBrokenKey, LevelError, "restore the file from a backup; payloads under this key do not open until then"},
		{CodeUnreadableKey, LevelError, "give this node the certificate or key that decrypts it"},
		{CodeUnusableKey, LevelError, "restore the file if it is damaged; a key whose algorithm is foreign needs a replacement (keyctl create)"},
		{CodeRefusedKey, LevelError, "find out who wrote it, a node without an encryptor perhaps; encrypt it (keyctl rewrap) or delete it"},
		{CodeFallbackKey, LevelWarning, "create a key that activates now: keyctl create --activate now"},
		{CodeDefaultExpires, LevelWarning, "create the successor now (keyctl ensure), so that every node has read it when it is needed"},
		{CodeFutureKey, LevelWarning, "set the clock of the node that made it, and of this one; until its creation date has passed, a mass revocation may miss the key"},
		{CodeFutureRevocation, LevelWarning, "wait until then before creating keys; if the date is a mistake, move the record away and revoke again"},
		{CodeMisleadingName, LevelWarning, "rename the file after its content, so that nobody is misled; nodes read it either way"},
		{CodeEmptyRing, LevelWarning, "check that this is the right directory; keyctl create begins a new ring"},
		{CodeLooseMode, LevelWarning, "chmod the directory to 700 and its files to 600 (or 750 and 640 for a group of nodes); then replace keys that others may have read"},
		{CodeForeignOwner, LevelWarning, "chown the file to the user of the nodes, or run them as one user or one group"},
		{CodeClockSkew, LevelWarning, "synchronise the clocks (chrony, systemd-timesyncd): a ring bears a difference of five minutes"},
		{CodeNoMount, LevelWarning, "mount a volume there: what a container keeps in its own layer is lost with it, and every user is signed out"},
		{CodeNotWritable, LevelWarning, "let the user write there, or disable automatic generation on this node and let another one make the keys"},
		{CodeNoEvents, LevelInfo, "nothing to mend: changes are found by polling, every 30 s unless set otherwise"},
		{CodeLeftover, LevelInfo, "nothing to mend: the next write removes it when it is an hour old"},
		{CodeUnencryptedKeys, LevelInfo, "encrypt the keys with a certificate (keyctl rewrap), or keep the store and its backups from everybody else and say that this is meant (AllowUnencryptedKeys)"},
	}
}

// Finding is one thing about a ring that somebody should know.
type Finding struct {
	Level   Level  `json:"level"`
	Code    Code   `json:"code"`
	File    string `json:"file"`    // the file or element at fault; may be empty
	Message string `json:"message"` // what is the matter
	Fix     string `json:"fix"`     // what to do about it
}

// NewFinding completes a finding with the level and fix of its code.
func NewFinding(code Code, file, message string) Finding {
	f := Finding{Code: code, File: file, Message: message}
	for _, kind := range findingKinds() {
		if kind.code == code {
			f.Level, f.Fix = kind.level, kind.fix
		}
	}
	return f
}

// SortFindings puts the worst first and keeps the order otherwise.
func SortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(b.Level, a.Level) })
}
