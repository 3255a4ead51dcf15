package keyring_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

func TestExamine(t *testing.T) {
	unknown := strings.NewReplacer("AES_256_CBC", "AES_512_CBC", "2026-01-03", "2026-01-01").Replace(keyXML)
	encrypted := strings.NewReplacer(secretXML, inVault(secretXML), "2026-01-03", "2026-01-01").Replace(keyXML)
	soon := strings.Replace(goodKeyXML, "2099-01-02", "2026-05-03", 1)
	for _, test := range []struct {
		name  string
		files []string
		opts  keyring.Options
		want  []string // level, code and file, the worst first
	}{
		{name: "a good ring", files: []string{goodKeyXML}},
		{name: "an empty ring", want: []string{"error no-default-key "}},
		{name: "no key to use", files: []string{goodKeyXML, revocationXML}, want: []string{"error no-default-key "}},
		{name: "only a fallback", files: []string{goodKeyXML, strings.Replace(keyXML, "2026-01-03", "2026-06-01", 1), revocationXML},
			want: []string{"warning fallback-key ring/doc-1.xml"}},
		{name: "a default key that will be renewed", files: []string{soon}},
		{name: "a default key that will not", files: []string{soon}, opts: keyring.Options{DisableAutomaticKeyGeneration: true},
			want: []string{"warning default-expires ring/doc-0.xml"}},
		{name: "a broken key", files: []string{goodKeyXML, "<key />"}, want: []string{"error broken-key ring/doc-1.xml"}},
		{name: "a key that another node can read", files: []string{goodKeyXML, encrypted}, want: []string{"error unreadable-key ring/doc-1.xml"}},
		{name: "an unknown algorithm", files: []string{goodKeyXML, unknown}, want: []string{"error unusable-key ring/doc-1.xml"}},
		{name: "an unknown algorithm, revoked", files: []string{goodKeyXML, unknown, strings.Replace(revocationXML, goodKeyID, otherKeyID, 1)}},
		{name: "a default key with an unknown algorithm", files: []string{strings.Replace(goodKeyXML, "AES_256_CBC", "AES_512_CBC", 1)},
			want: []string{"error default-unusable ring/doc-0.xml", "error unusable-key ring/doc-0.xml"}},
		{name: "a default key that another node can read", files: []string{strings.Replace(goodKeyXML, secretXML, inVault(secretXML), 1)},
			want: []string{"error unreadable-key ring/doc-0.xml"}},
		{name: "the same, about to expire", files: []string{strings.NewReplacer(secretXML, inVault(secretXML), "2099-01-02", "2026-05-03").Replace(goodKeyXML)},
			opts: keyring.Options{DisableAutomaticKeyGeneration: true},
			want: []string{"error unreadable-key ring/doc-0.xml", "warning default-expires ring/doc-0.xml"}},
		{name: "a default key whose secret is damaged", files: []string{strings.Replace(goodKeyXML, masterKey64, "####", 1)},
			want: []string{"error default-unusable ring/doc-0.xml"}},
		{name: "a key of tomorrow", files: []string{goodKeyXML, strings.NewReplacer("2026-01-02", "2026-05-02", "2026-01-03", "2026-05-03").Replace(keyXML)},
			want: []string{"warning future-key ring/doc-1.xml"}},
		{name: "a mass revocation of next month", files: []string{goodKeyXML, strings.Replace(massRevocationXML, "2026-02-03", "2026-06-01", 1)},
			want: []string{"error future-revocation ring/doc-1.xml", "error no-default-key "}},

		{name: "not XML", files: []string{goodKeyXML, "<key>"}, want: []string{"error malformed-element ring/doc-1.xml"}},
		{name: "a broken revocation", files: []string{goodKeyXML, "<revocation />"}, want: []string{"error broken-revocation ring/doc-1.xml"}},
		{name: "a key twice", files: []string{goodKeyXML, goodKeyXML}, want: []string{"error duplicate-key ring/doc-1.xml"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.opts.Now, test.opts.AllowUnencryptedKeys = at(noon), true
			var got []string
			for _, f := range newManager(t, files(test.files...), test.opts).Examine(t.Context()) {
				got = append(got, strings.Join([]string{f.Level.String(), string(f.Code), f.File}, " "))
				if f.Message == "" || f.Fix == "" || strings.Contains(f.Message, masterKey64) {
					t.Errorf("got %+v", f)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestExamineAStoreThatCannotBeRead(t *testing.T) {
	store := newFarmStore()
	store.readErr = errStoreDown
	got := newManager(t, store, keyring.Options{}).Examine(t.Context())
	if len(got) != 1 || got[0].Code != keyring.CodeUnreadableStore || !strings.Contains(got[0].Message, errStoreDown.Error()) {
		t.Errorf("got %+v", got)
	}
}

// TestExamineAFileThatMayNotBeRead: the file is well, as far as anybody can tell.
func TestExamineAFileThatMayNotBeRead(t *testing.T) {
	store := newFarmStore()
	store.readErr = &xmlrepo.FileError{Path: "ring/key.xml", Err: fs.ErrPermission}
	got := newManager(t, store, keyring.Options{}).Examine(t.Context())
	if len(got) != 1 || got[0].Code != keyring.CodeUnreadableStore || got[0].File != "ring/key.xml" {
		t.Errorf("got %+v", got)
	}
}

func TestExamineNamesThatMislead(t *testing.T) {
	store := xmlrepo.NewMemory()
	put(t, store, "key-"+goodKeyID, goodKeyXML)
	put(t, store, "some-other-name", keyXML)
	put(t, store, "key-"+policyKey(3).ID.String(), strings.Replace(keyXML, otherKeyID, policyKey(4).ID.String(), 1))
	put(t, store, "revocation-"+goodKeyID, strings.Replace(revocationXML, goodKeyID, otherKeyID, 1))
	var got []string
	for _, f := range newManager(t, store, keyring.Options{Now: at(noon), AllowUnencryptedKeys: true}).Examine(t.Context()) {
		if f.Code != keyring.CodeMisleadingName {
			t.Errorf("got %+v", f)
		}
		got = append(got, f.File)
	}
	if want := []string{"key-" + policyKey(3).ID.String(), "revocation-" + goodKeyID}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
