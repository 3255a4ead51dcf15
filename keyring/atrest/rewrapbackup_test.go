package atrest_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

// A backup is for the owner only, whatever the ring's modes and the umask.
func TestRewrapBackupModes(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	repo := newDir(t, filepath.Join(t.TempDir(), "ring"))
	create(t, newManager(t, repo, keyring.Options{Encryptor: encryptor(t, old)}))
	store(t, repo, "old-name", plainKey("<masterKey>"+value+"</masterKey>"))
	if err := os.Rename(filepath.Join(repo.Path(), "old-name.xml"), filepath.Join(repo.Path(), "a name (copy).xml")); err != nil {
		t.Fatal(err)
	}
	backup := newDir(t, repo.Path()+".backup")
	if _, err := rewrap(t, repo, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup }); err != nil {
		t.Fatal(err)
	}
	count := 0
	err := filepath.WalkDir(backup.Path(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = fs.ModeDir | 0o700
		} else {
			count++
		}
		if info.Mode() != want {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || count != 2 {
		t.Errorf("%d files, %v", count, err)
	}
	if keys := keysOf(t, backup, keyring.Options{Decryptors: decryptors(t, old)}); len(keys) != 2 {
		t.Errorf("the backup has %d keys", len(keys))
	}
}

// dying is a store of which only so many writes succeed.
type dying struct {
	*xmlrepo.Dir
	left int
}

func (d *dying) step() error {
	if d.left--; d.left < 0 {
		return errors.New("dead")
	}
	return nil
}

func (d *dying) Store(ctx context.Context, e xmlrepo.Element) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Dir.Store(ctx, e)
}

func (d *dying) Replace(ctx context.Context, old, with xmlrepo.Element) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Dir.Replace(ctx, old, with)
}

// Wherever a call has come to its end, another with the same backup does what
// is left, and the backup is the ring as it was before the first.
func TestRewrapAgainIntoTheSameBackup(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	for ended := 0; ; ended++ {
		folder := t.TempDir()
		ring, backup := newDir(t, filepath.Join(folder, "ring")), newDir(t, filepath.Join(folder, "backup"))
		const n = 3
		create(t, newManager(t, ring, keyring.Options{Encryptor: encryptor(t, old)}))
		create(t, newManager(t, ring, keyring.Options{AllowUnencryptedKeys: true}))
		for name, xml := range contents(t, vectorDir(t, "vectors/cert-rsa2048/ring")) {
			store(t, ring, name, []byte(xml))
		}
		// As .NET writes it, and as others do.
		text := "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<revocation version='1'>\r\n  <revocationDate>2026-01-01T00:00:00Z</revocationDate><key id='*'></key>\r\n</revocation>\r\n"
		if err := os.WriteFile(filepath.Join(ring.Path(), "revocation of (all).xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		stored := contents(t, ring)

		first, copied := &dying{ring, ended - len(stored)}, &dying{backup, ended}
		_, err := rewrap(t, first, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = copied })
		if err == nil {
			if ended != len(stored)+n {
				t.Fatalf("it did all in %d steps", ended)
			}
			return
		}
		late := create(t, newManager(t, ring, keyring.Options{Encryptor: encryptor(t, old)}))
		stored[late.ElementName] = contents(t, ring)[late.ElementName]
		done, err := rewrap(t, ring, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup })
		if err != nil || done.BackedUp != len(stored) || !done.PlainBackup {
			t.Fatalf("after %d steps: %+v, %v", ended, done, err)
		}
		for name, xml := range contents(t, backup) {
			if before, ok := stored[name]; xml != before && (ok || !strings.HasPrefix(xml, "<revocation")) {
				t.Errorf("after %d steps: the backup of %q is %s", ended, name, xml)
			}
		}
		keysOf(t, ring, keyring.Options{Decryptors: decryptors(t, fresh), RequireEncryptedKeys: true})
	}
}

// A backup that holds anything else is not used, and nothing is changed.
func TestRewrapForeignBackup(t *testing.T) {
	old, fresh := recorded(t, "rsa2048"), recorded(t, "other3072")
	ring := newDir(t, filepath.Join(t.TempDir(), "ring"))
	sealed := create(t, newManager(t, ring, keyring.Options{Encryptor: encryptor(t, old)})).ElementName
	done := create(t, newManager(t, ring, keyring.Options{Encryptor: encryptor(t, fresh)})).ElementName
	plain := plainKey("<masterKey>" + value + "</masterKey>")
	store(t, ring, "plain", plain)
	store(t, ring, "revocation-x", revocation("2026-01-01"))
	store(t, ring, "foreign", []byte("<html><masterKey>"+value+"</masterKey></html>"))
	store(t, ring, "empty", []byte("<key />"))
	stored := contents(t, ring)
	as := func(to, from string, change ...string) map[string]string {
		return map[string]string{to: strings.NewReplacer(change...).Replace(stored[from])}
	}
	for name, kept := range map[string]map[string]string{
		"a name that the ring does not have":       as("other", "plain"),
		"another element of the ring":              as(sealed, "plain"),
		"a key that is to be encrypted, changed":   as("plain", "plain", "AAEC", "AAED"),
		"a key that was encrypted, of other dates": as(done, "plain"),
		"another revocation":                       {"revocation-x": string(revocation("2026-01-02"))},
		"another document":                         as("foreign", "foreign", "<html>", "<html lang='en'>"),
		"another broken key":                       as("empty", "empty", "<key", "<key version='1'"),
		"the wrong one beside right ones":          {"plain": string(plain), done: stored[done], "revocation-x": string(revocation("2026-01-02"))},
	} {
		backup := xmlrepo.NewMemory()
		for name, xml := range kept {
			store(t, backup, name, []byte(xml))
		}
		before := contents(t, backup)
		for _, dry := range []bool{true, false} {
			result, err := rewrap(t, ring, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup, o.DryRun = backup, dry })
			if !errors.Is(err, keyring.ErrForeignBackup) || len(result.Rewrapped) != 0 {
				t.Errorf("%s: %+v, %v", name, result, err)
			}
		}
		if !maps.Equal(contents(t, backup), before) || !maps.Equal(contents(t, ring), stored) {
			t.Errorf("%s: something has changed", name)
		}
	}
	// A key in the place of another of the same header, which was encrypted already.
	backup := xmlrepo.NewMemory()
	twin := strings.Replace(string(plain), "AAEC", "AAED", 1)
	wrapped, err := keyring.EncryptKey(t.Context(), encryptor(t, fresh), plain)
	if err != nil {
		t.Fatal(err)
	}
	half := xmlrepo.NewMemory()
	store(t, half, "plain", wrapped)
	store(t, half, sealed, []byte(stored[sealed]))
	store(t, backup, "plain", []byte(twin))
	if result, err := rewrap(t, half, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup }); !errors.Is(err, keyring.ErrForeignBackup) {
		t.Errorf("another secret: %+v, %v", result, err)
	}
	// The right one, which was in clear text.
	backup = xmlrepo.NewMemory()
	store(t, backup, "plain", plain)
	if result, err := rewrap(t, half, decryptors(t, old), fresh, func(o *keyring.RewrapOptions) { o.Backup = backup }); err != nil || !result.PlainBackup || result.BackedUp != 2 {
		t.Errorf("the right one: %+v, %v", result, err)
	}
}

func revocation(day string) []byte {
	return []byte("<revocation version='1'><revocationDate>" + day + "T00:00:00Z</revocationDate><key id='*' /></revocation>")
}
