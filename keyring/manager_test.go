package keyring_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/xmlrepo"
)

func TestCreateKey(t *testing.T) {
	odd := noon.Add(123456789) // 89 ns more than .NET can say
	east := time.FixedZone("", 3*60*60)
	for _, test := range []struct {
		name                             string
		opts                             keyring.Options
		key                              keyring.NewKeyOptions
		creation, activation, expiration time.Time
		algorithms                       keyring.Algorithms
	}{
		{
			name: "defaults", creation: noon, activation: noon, expiration: noon.Add(90 * day),
			algorithms: keyring.Algorithms{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA256},
		},
		{
			name: "the manager's lifetime and algorithms",
			opts: keyring.Options{NewKeyLifetime: 7 * day, Algorithms: keyring.Algorithms{Encryption: keyring.AES_128_GCM}},
			key:  keyring.NewKeyOptions{Activation: noon.Add(2 * day)}, creation: noon, activation: noon.Add(2 * day), expiration: noon.Add(9 * day),
			algorithms: keyring.Algorithms{Encryption: keyring.AES_128_GCM},
		},
		{
			name: "dates and algorithms of its own",
			opts: keyring.Options{Algorithms: keyring.Algorithms{Encryption: keyring.AES_128_GCM}},
			key: keyring.NewKeyOptions{
				Activation: noon.Add(-day), Expiration: noon.Add(tick - day),
				Algorithms: keyring.Algorithms{Validation: keyring.HMACSHA512},
			},
			creation: noon, activation: noon.Add(-day), expiration: noon.Add(tick - day),
			algorithms: keyring.Algorithms{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA512},
		},
		{
			name: "dates are cut to 100 ns and in UTC",
			opts: keyring.Options{Now: at(odd.In(east))},
			key:  keyring.NewKeyOptions{Activation: odd.In(east)}, creation: odd.Add(-89), activation: odd.Add(-89), expiration: odd.Add(90*day - 89),
			algorithms: keyring.Algorithms{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA256},
		},
		{
			name: "to the end of time", key: keyring.NewKeyOptions{Expiration: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)},
			creation: noon, activation: noon, expiration: time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC),
			algorithms: keyring.Algorithms{Encryption: keyring.AES_256_CBC, Validation: keyring.HMACSHA256},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.opts.Now == nil {
				test.opts.Now = at(noon)
			}
			store := xmlrepo.NewMemory()
			k := create(t, newManager(t, store, test.opts), test.key)
			if k.CreationDate != test.creation || k.ActivationDate != test.activation || k.ExpirationDate != test.expiration {
				t.Errorf("dates: got %v, %v, %v", k.CreationDate, k.ActivationDate, k.ExpirationDate)
			}
			if k.Algorithms != test.algorithms || k.Revoked || k.EncryptedAtRest {
				t.Errorf("got %+v", k)
			}
			if k.ElementName != "key-"+k.ID.String() || k.ID.Version() != 4 {
				t.Errorf("id %v as %q", k.ID, k.ElementName)
			}
			stored := readOne(t, store)
			sealsAndOpens(t, k, stored)
			if a, b := withoutSecret(k), withoutSecret(stored); a != b {
				t.Errorf("stored %+v, returned %+v", b, a)
			}
		})
	}
}

// withoutSecret leaves what can be compared.
func withoutSecret(k keyring.Key) keyring.Key {
	return keyring.Key{
		ID: k.ID, CreationDate: k.CreationDate, ActivationDate: k.ActivationDate, ExpirationDate: k.ExpirationDate,
		Revoked: k.Revoked, RevocationDate: k.RevocationDate, RevocationReason: k.RevocationReason, Algorithms: k.Algorithms,
		EncryptedAtRest: k.EncryptedAtRest, DecryptorMissing: k.DecryptorMissing, ElementName: k.ElementName, Location: k.Location,
	}
}

func TestCreateKeyRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		key  keyring.NewKeyOptions
		want string
	}{
		{"an expiration at the activation", keyring.NewKeyOptions{Activation: noon, Expiration: noon}, "not after its activation"},
		{"an expiration 50 ns later", keyring.NewKeyOptions{Activation: noon, Expiration: noon.Add(50)}, "not after its activation"},
		{"the year 10000", keyring.NewKeyOptions{Expiration: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "years 1 to 9999"},
		{"a lifetime into the year 10000", keyring.NewKeyOptions{Activation: time.Date(9999, 12, 1, 0, 0, 0, 0, time.UTC)}, "years 1 to 9999"},
		{"a year before 1", keyring.NewKeyOptions{Activation: time.Date(0, 12, 1, 0, 0, 0, 0, time.UTC)}, "years 1 to 9999"},
		{"GCM with a validation", keyring.NewKeyOptions{Algorithms: keyring.Algorithms{Encryption: keyring.AES_256_GCM, Validation: keyring.HMACSHA256}}, "no validation"},
		{"SHA-1", keyring.NewKeyOptions{Algorithms: keyring.Algorithms{Validation: keyring.HMACSHA1}}, "HMACSHA1"},
		{"SHA-384", keyring.NewKeyOptions{Algorithms: keyring.Algorithms{Validation: keyring.HMACSHA384}}, "HMACSHA384"},
		{"no algorithm", keyring.NewKeyOptions{Algorithms: keyring.Algorithms{Encryption: 99}}, "EncryptionAlgorithm(99)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := xmlrepo.NewMemory()
			_, err := newManager(t, store, keyring.Options{Now: at(noon)}).CreateKey(t.Context(), test.key)
			if err == nil || !strings.HasPrefix(err.Error(), "keyring: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			if left := elements(t, store); len(left) > 0 {
				t.Errorf("stored %v", left)
			}
		})
	}
}

// lockingEncryptor encrypts so that nobody here can decrypt.
type lockingEncryptor struct{ err error }

func (e lockingEncryptor) EncryptXML(context.Context, []byte) (keyring.EncryptedXML, error) {
	return keyring.EncryptedXML{DecryptorType: "Example.Locked, Example", XML: []byte("<locked />")}, e.err
}

func TestNoUnencryptedKeyBesideEncryptedOnes(t *testing.T) {
	store := xmlrepo.NewMemory()
	encrypting := newManager(t, store, keyring.Options{Now: at(noon), Encryptor: lockingEncryptor{}})
	locked := create(t, encrypting, keyring.NewKeyOptions{})
	if !locked.EncryptedAtRest || !locked.DecryptorMissing {
		t.Fatalf("got %+v", locked)
	}
	before := elements(t, store)

	_, err := newManager(t, store, keyring.Options{Now: at(noon)}).CreateKey(t.Context(), keyring.NewKeyOptions{})
	var named *keyring.ElementError
	if !errors.Is(err, keyring.ErrEncryptorRequired) || !errors.As(err, &named) || named.Name != locked.ElementName {
		t.Errorf("got %v", err)
	}
	if strings.Count(err.Error(), "keyring: ") != 1 {
		t.Errorf("stutters: %v", err)
	}
	if after := elements(t, store); len(after) != len(before) {
		t.Errorf("stored %v", after)
	}

	create(t, encrypting, keyring.NewKeyOptions{})
	create(t, newManager(t, store, keyring.Options{Now: at(noon), AllowUnencryptedKeys: true}), keyring.NewKeyOptions{})
	// The null encryptor was configured by somebody who meant it.
	create(t, newManager(t, store, keyring.Options{Now: at(noon), Encryptor: keyring.NullXMLEncryptor{}}), keyring.NewKeyOptions{})
	// Once the encrypted keys have expired there is nothing to keep up.
	create(t, newManager(t, store, keyring.Options{Now: at(noon.Add(90 * day))}), keyring.NewKeyOptions{})
}

func TestNullEncryptorsKeyIsUnencrypted(t *testing.T) {
	store := xmlrepo.NewMemory()
	m := newManager(t, store, keyring.Options{Now: at(noon), Encryptor: keyring.NullXMLEncryptor{}})
	if k := create(t, m, keyring.NewKeyOptions{}); k.EncryptedAtRest || k.DecryptorMissing {
		t.Errorf("got %+v", k)
	}
	create(t, newManager(t, store, keyring.Options{Now: at(noon)}), keyring.NewKeyOptions{})
}

func TestAFailingEncryptorStoresNothing(t *testing.T) {
	store := xmlrepo.NewMemory()
	broken := errors.New("the vault is sealed")
	m := newManager(t, store, keyring.Options{Encryptor: lockingEncryptor{broken}})
	if _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if left := elements(t, store); len(left) > 0 {
		t.Errorf("stored %v", left)
	}
}

func TestCreateKeyUnderAMassRevocationInTheFuture(t *testing.T) {
	for _, test := range []struct {
		ahead time.Duration
		ok    bool
	}{{-tick, true}, {0, true}, {tick, true}, {skew, true}, {skew + tick, false}, {day, false}} {
		store := xmlrepo.NewMemory()
		m := newManager(t, store, keyring.Options{Now: at(noon)})
		date := noon.Add(test.ahead)
		if _, err := m.RevokeAllKeys(t.Context(), date, ""); err != nil {
			t.Fatal(err)
		}
		k, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{})
		if !test.ok {
			var named *keyring.ElementError
			if !errors.As(err, &named) || named.Name != "revocation-"+dotnet.DateStamp(date) || len(elements(t, store)) != 1 {
				t.Errorf("%v ahead: got %v", test.ahead, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%v ahead: %v", test.ahead, err)
		}
		want := noon
		if test.ahead > 0 {
			want = date.Add(tick)
		}
		if k.CreationDate != want || k.ActivationDate != noon {
			t.Errorf("%v ahead: created %v, active %v", test.ahead, k.CreationDate, k.ActivationDate)
		}
		if stored, _ := read(t, store).Key(k.ID); stored.Revoked {
			t.Errorf("%v ahead: revoked at birth", test.ahead)
		}
	}
}

func TestOptionsThatContradictThemselves(t *testing.T) {
	for _, opts := range []keyring.Options{
		{NewKeyLifetime: 7*day - 1},
		{NewKeyLifetime: -90 * day},
		{ClockSkew: -1},
		{Algorithms: keyring.Algorithms{Encryption: keyring.AES_256_GCM, Validation: keyring.HMACSHA256}},
		{Algorithms: keyring.Algorithms{Validation: keyring.HMACSHA1}},
	} {
		if _, err := keyring.NewManager(xmlrepo.NewMemory(), opts); err == nil || !strings.HasPrefix(err.Error(), "keyring: ") {
			t.Errorf("%+v: got %v", opts, err)
		}
	}
}
