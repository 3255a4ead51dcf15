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
// and [Manager.Examine], the next by [Ring] alone, which remembers, then one by
// [Manager.Examine] alone, two by whoever knows the machine, such as keyctl
// doctor, and the last by whoever has a payload that does not open.
const (
	CodeNoDefaultKey     Code = "no-default-key"
	CodeDefaultUnusable  Code = "default-unusable"
	CodeFallbackKey      Code = "fallback-key"
	CodeDefaultExpires   Code = "default-expires"
	CodeKeyNotMade       Code = "key-not-made"
	CodeBrokenKey        Code = "broken-key"
	CodeUnreadableKey    Code = "unreadable-key"
	CodeUnusableKey      Code = "unusable-key"
	CodeFutureKey        Code = "future-key"
	CodeFutureRevocation Code = "future-revocation"
	CodeMisleadingName   Code = "misleading-name"
	CodeForeignElement   Code = "foreign-element"
	CodeUnencryptedKeys  Code = "unencrypted-keys"
	CodeRefusedKey       Code = "refused-key"

	CodeVanishedRevocation Code = "vanished-revocation"

	CodeUnreadableStore  Code = "unreadable-store"
	CodeMalformedElement Code = "malformed-element"
	CodeBrokenRevocation Code = "broken-revocation"
	CodeDuplicateKey     Code = "duplicate-key"
	CodeEmptyRing        Code = "empty-ring"
	CodeUnpropagatedKey  Code = "unpropagated-key"

	CodeMissingDirectory Code = "missing-directory"
	CodeMissingStore     Code = "missing-store"
	CodeStoreForgets     Code = "store-forgets"
	CodeStoreEvicts      Code = "store-evicts"
	CodeStoreUnknown     Code = "store-unknown"
	CodeLooseMode        Code = "loose-mode"
	CodeGroupMode        Code = "group-mode"
	CodeForeignOwner     Code = "foreign-owner"
	CodeClockSkew        Code = "clock-skew"
	CodeNoMount          Code = "no-mount"
	CodeNoEvents         Code = "no-events"
	CodeNotWritable      Code = "not-writable"
	CodeIgnoredFile      Code = "ignored-file"
	CodeLeftover         Code = "leftover-file"
	CodeSealedKeys       Code = "sealed-keys"
	CodeEncryptedKeys    Code = "encrypted-keys"
	CodeWindowsOnlyKey   Code = "windows-only-key"
	CodeKeyVaultKey      Code = "key-vault-key"
	CodePlainBackup      Code = "plain-backup"

	CodeCertificateExpired Code = "certificate-expired"
	CodeCertificateExpires Code = "certificate-expires"

	CodeNotAPayload          Code = "not-a-payload"
	CodePayloadKeyAbsent     Code = "payload-key-absent"
	CodePayloadKeyRevoked    Code = "payload-key-revoked"
	CodePayloadKeyUnreadable Code = "payload-key-unreadable"
	CodePayloadApplication   Code = "payload-application"
	CodePayloadScheme        Code = "payload-scheme"
	CodePayloadPurposes      Code = "payload-purposes"
	CodePayloadExpired       Code = "payload-expired"
	CodeNotATicket           Code = "not-a-ticket"
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
		{CodeMissingDirectory, LevelError, "mount the directory, or correct its path (--dir, $KEYCTL_DIR); keyctl create makes it with the first key of a new ring"},
		{CodeMissingStore, LevelError, "correct the URL (--store, $KEYCTL_STORE); keyctl create begins a new ring, in a SQL database with --create-table"},
		{CodeUnreadableStore, LevelError, "make the store readable for this user again; until then open rings keep what they have read"},
		{CodeMalformedElement, LevelError, "restore the file from a backup; until then the whole ring is refused, and nodes that run keep what they have read. Move it away only if it is neither a key (its payloads would not open) nor a revocation (what it revoked would be good again)"},
		{CodeBrokenRevocation, LevelError, "restore the record from a backup; if that cannot be, stop the nodes, move the file away, revoke the same again at once (keyctl revoke ID, or revoke --all --before DATE; the name of the file mostly says which), and start them: until then what it revoked is good again"},
		{CodeDuplicateKey, LevelError, "compare the two files and move one of them away: the copy, or the one that was not written by a node"},
		{CodeFutureRevocation, LevelError, "create no key before then, for it would be revoked at birth; if the date is a mistake, move the record away and revoke again"},
		{CodeNoDefaultKey, LevelError, "create a key (keyctl create, or keyctl ensure), or start a node that may generate one"},
		{CodeDefaultUnusable, LevelError, "make that key usable here: restore its file, or give this node what decrypts it; only if no node can use it, create another (keyctl create --activate now)"},
		{CodeBrokenKey, LevelError, "restore the file from a backup; payloads under this key do not open until then"},
		{CodeUnreadableKey, LevelError, "give this node the certificate or key that decrypts it"},
		{CodeUnusableKey, LevelError, "restore the file if it is damaged; a key whose algorithm is foreign needs a replacement (keyctl create)"},
		{CodeRefusedKey, LevelError, "find out who wrote it, a node without an encryptor perhaps; encrypt it (keyctl rewrap) or delete it"},
		{CodeNotAPayload, LevelError, "give the payload alone and whole: it begins with CfDJ8 and has only A-Z, a-z, 0-9, - and _; of a cookie, the value, the values of all of its chunks, or the whole Cookie header as the browser sends it"},
		{CodePayloadKeyAbsent, LevelError, "look for the ring of the program that made the payload; if the key was deleted, restore its file from a backup, else the payload is lost and its maker has to make a new one"},
		{CodePayloadKeyRevoked, LevelError, "let its maker make a new one (sign in again): whoever had the key may have made this one; keyctl unprotect --dangerous-allow-revoked opens it all the same"},
		{CodePayloadKeyUnreadable, LevelError, "make the key usable here: restore its file, or give this node what decrypts it"},
		{CodePayloadApplication, LevelError, "set the same application name on every node, letter for letter: SetApplicationName in .NET, protector.Options.ApplicationName in Go; without it ASP.NET Core takes its content root path, with a slash at the end"},
		{CodePayloadScheme, LevelError, "use the same authentication scheme on every node, letter for letter: AddCookie in .NET, cookies.Options.Scheme in Go; ASP.NET Core has Cookies by itself, with Identity it is Identity.Application"},
		{CodePayloadPurposes, LevelError, "compare the purposes with those of the maker, letter for letter and in the same order, and the application name (ASP.NET Core without one takes its content root path, with a slash at the end); or else the payload was altered"},
		{CodePayloadExpired, LevelError, "nothing to mend: let its maker make a new one"},
		{CodeNotATicket, LevelError, "find out what makes the cookie: another handler of the same scheme, or an application with a format of its own (TicketDataFormat)"},
		{CodeKeyNotMade, LevelError, "mend what the message names; the ring tries again by itself, or run keyctl ensure elsewhere"},
		{CodeFallbackKey, LevelWarning, "create a key that activates now: keyctl create --activate now"},
		{CodeDefaultExpires, LevelWarning, "create the successor now (keyctl ensure), so that every node has read it when it is needed"},
		{CodeVanishedRevocation, LevelWarning, "revoke the key again (keyctl revoke ID): this node still refuses it, and every node that starts accepts it; then find out what took the record away, such as a backup that was put back"},
		{CodeFutureKey, LevelWarning, "set the clock of the node that made it, and of this one; until its creation date has passed, a mass revocation may miss the key"},
		{CodeForeignElement, LevelWarning, "if it was meant to revoke something, revoke that with keyctl; then move the file away"},
		{CodeMisleadingName, LevelWarning, "rename it without overwriting another (mv -n), so that nobody is misled; nodes read it either way"},
		{CodeEmptyRing, LevelWarning, "check that this is the right place; keyctl create begins a new ring"},
		{CodeLooseMode, LevelWarning, "chmod the directory to 700 and its files to 600 (770 and 640 where the nodes are several users of one group); then replace keys that others may have read"},
		{CodeForeignOwner, LevelWarning, "chown the file to the user of the nodes, or run them as one user or one group"},
		{CodeClockSkew, LevelWarning, "synchronise the clocks (chrony, systemd-timesyncd): a ring bears a difference of five minutes"},
		{CodeNoMount, LevelWarning, "mount a volume there: what a container keeps in its own layer is lost with it, and every user is signed out"},
		{CodeStoreForgets, LevelWarning, "let the server keep its data on disk (Redis: appendonly yes, and save as well), or copy the ring to one that does (keyctl copy)"},
		{CodeStoreEvicts, LevelWarning, "set maxmemory-policy to noeviction or one of the kind volatile-, or copy the ring to a server of its own (keyctl copy)"},
		{CodeNotWritable, LevelWarning, "let the user write there, or mark this node as one that only reads (DisableAutomaticKeyGeneration, $DATAPROTECTION_READ_ONLY for keyctl) and let another one make the keys"},
		{CodeIgnoredFile, LevelWarning, "give it the extension .xml if it belongs to the ring, or move it out of the directory"},
		{CodeWindowsOnlyKey, LevelWarning, "no certificate opens it: let the nodes on Windows encrypt to one that all nodes have (ProtectKeysWithCertificate), and make a new key under it (keyctl create --certificate); what this one protects opens there alone. Nothing to mend where every node is the Windows that wrote it"},
		{CodePlainBackup, LevelWarning, "when every node works with the certificate, destroy it: find DIR -type f -exec shred -u {} + && rmdir DIR. SSDs, snapshots and copying file systems keep what shred overwrites"},
		{CodeGroupMode, LevelInfo, "nothing to mend if the nodes are several users of that group and nobody else is in it; else chmod the directory to 700 and its files to 600"},
		{CodeCertificateExpired, LevelWarning, "nothing fails by itself, since no node minds the date: make a new one (keyctl certificate new), give it to every node, then keyctl rewrap"},
		{CodeCertificateExpires, LevelWarning, "make the next one (keyctl certificate new), give it to every node, then keyctl rewrap"},
		{CodeUnpropagatedKey, LevelInfo, "restart the ASP.NET Core nodes, which read the ring at their start and once a day; nothing to mend where all nodes are Go, which read it at once. Another time let the key activate 48 hours ahead, as keyctl create does by itself"},
		{CodeSealedKeys, LevelInfo, "nothing to mend; with --certificate, as the servers have it, keyctl looks inside"},
		{CodeEncryptedKeys, LevelInfo, "nothing to mend; keep the certificate with its private key for as long as there are such keys, or backups of them"},
		{CodeKeyVaultKey, LevelInfo, "nothing to mend; the nodes open it by that service (ProtectKeysWithAzureKeyVault in .NET, atrest.NewKeyVaultDecryptor in Go), which keyctl does not ask"},
		{CodeStoreUnknown, LevelInfo, "ask whoever runs the server whether it keeps its data on disk, and never drops keys that do not expire"},
		{CodeNoEvents, LevelInfo, "nothing to mend: changes are found by polling, every 30 s unless set otherwise"},
		{CodeLeftover, LevelInfo, "nothing to mend: the next write removes it when it is an hour old"},
		{CodeUnencryptedKeys, LevelInfo, "encrypt the keys with a certificate (keyctl rewrap), or keep the store and its backups from everybody else and say that this is meant (AllowUnencryptedKeys, keyctl doctor --unencrypted)"},
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

// same reports whether two findings are about the same thing, in whatever words:
// those of an error may tell of ports and times.
func (f Finding) same(other Finding) bool { return f.Code == other.Code && f.File == other.File }

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
