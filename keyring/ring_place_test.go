package keyring_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/keyring"
)

// What is wrong with a store as a whole is told with the place of the store.
func TestErrorsNameTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	opts := keyring.Options{RequireExistingKeys: true, AllowUnencryptedKeys: true, GenerationDelay: -1}
	says := func(err error, what error) {
		t.Helper()
		if err == nil || !strings.HasPrefix(err.Error(), "keyring: "+path+": ") || what != nil && !errors.Is(err, what) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
	}
	_, err := keyring.Open(t.Context(), newDir(t, path), opts)
	says(err, keyring.ErrNoKeys)
	_, err = newManager(t, newDir(t, path), opts).Ensure(t.Context())
	says(err, keyring.ErrNoKeys)
	if f := keyring.FindingOf(err); f.Code != keyring.CodeUnreadableStore || f.File != path || strings.Contains(f.Message, path) {
		t.Errorf("found %+v", f)
	}

	create(t, newManager(t, newDir(t, path), keyring.Options{}), keyring.NewKeyOptions{})
	r := open(t, newDir(t, path), opts)
	if err := os.Rename(path, path+".lost"); err != nil {
		t.Fatal(err)
	}
	says(r.Refresh(t.Context()), nil)
	if f := r.Health().Findings; len(f) != 1 || f[0].Code != keyring.CodeUnreadableStore || f[0].File != path {
		t.Errorf("found %+v", f)
	}

	// A store that does not tell where it is.
	if _, err := keyring.Open(t.Context(), files(), opts); err.Error() != keyring.ErrNoKeys.Error() {
		t.Errorf("error %v", err)
	}
}
