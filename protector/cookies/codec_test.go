package cookies_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/cookies"
)

var (
	_ securecookie.Codec      = (*cookies.Codec)(nil)
	_ securecookie.Error      = (*cookies.CodecError)(nil)
	_ cookies.Decoder         = (*securecookie.SecureCookie)(nil)
	_ cookies.Serializer      = securecookie.GobEncoder{}
	_ securecookie.Serializer = cookies.Gob{}
)

// clockedProvider returns a provider whose clock can be moved.
func clockedProvider(t testing.TB) (*protector.Provider, *time.Time) {
	t.Helper()
	now := start
	ring := openRing(t, t.TempDir(), keyring.Options{})
	return protector.New(ring, protector.Options{Now: func() time.Time { return now }}), &now
}

func TestCodec(t *testing.T) {
	provider, now := clockedProvider(t)
	clock := func() time.Time { return *now }
	type settings struct {
		Theme string
		Sizes []int
	}
	want := settings{"dark", []int{1, 2}}
	for name, serializer := range map[string]cookies.Serializer{"default": nil, "JSON": cookies.JSON{}, "securecookie's": securecookie.GobEncoder{}} {
		t.Run(name, func(t *testing.T) {
			*now = start
			c := cookies.NewCodec(provider, cookies.CodecOptions{MaxAge: time.Hour, Serializer: serializer, Now: clock})
			text, err := c.Encode("settings", want)
			if err != nil || !strings.HasPrefix(text, "CfDJ8") {
				t.Fatalf("%q, %v", text, err)
			}
			var got settings
			if err := c.Decode("settings", text, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%v, %v", got, err)
			}
			got = settings{}
			for what, bad := range map[string][2]string{
				"another name": {"other", text},
				"altered":      {"settings", text[:len(text)-2] + "AA"},
				"nothing":      {"settings", ""},
			} {
				var codecError securecookie.Error
				if err := c.Decode(bad[0], bad[1], &got); !errors.Is(err, protector.ErrInvalidPayload) || !errors.As(err, &codecError) || !codecError.IsDecode() || codecError.IsUsage() {
					t.Errorf("%s: %v", what, err)
				}
			}
			*now = start.Add(time.Hour + time.Second)
			if err := c.Decode("settings", text, &got); !errors.Is(err, protector.ErrExpired) || got.Theme != "" {
				t.Errorf("%v, %v", err, got)
			}
		})
	}
}

func TestCodecBounds(t *testing.T) {
	provider, _ := clockedProvider(t)
	c := cookies.NewCodec(provider, cookies.CodecOptions{})
	var codecError *cookies.CodecError
	if _, err := c.Encode("n", strings.Repeat("x", 4096)); !errors.Is(err, cookies.ErrTooLarge) || !errors.As(err, &codecError) || !codecError.IsUsage() {
		t.Errorf("%v", err)
	}
	if err := c.Decode("n", strings.Repeat("x", 4097), new(string)); !errors.Is(err, cookies.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := c.Encode("n", func() {}); !errors.As(err, &codecError) || !codecError.IsUsage() {
		t.Errorf("%v", err)
	}
	unbounded := cookies.NewCodec(provider, cookies.CodecOptions{MaxLength: -1, MaxAge: -1})
	text, err := unbounded.Encode("n", strings.Repeat("x", 5000))
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := unbounded.Decode("n", text, &got); err != nil || len(got) != 5000 {
		t.Errorf("%d, %v", len(got), err)
	}
}

// Nobody is signed out at the switch, and old values are no longer made.
func TestOldValuesBesideNewOnes(t *testing.T) {
	provider, _ := clockedProvider(t)
	old := securecookie.New([]byte("0123456789abcdef0123456789abcdef"), nil)
	c := cookies.NewCodec(provider, cookies.CodecOptions{Old: old})
	before, err := old.Encode("session", "bob")
	if err != nil {
		t.Fatal(err)
	}
	after, err := c.Encode("session", "eve")
	if err != nil || !strings.HasPrefix(after, "CfDJ8") {
		t.Fatalf("%q, %v", after, err)
	}
	for value, want := range map[string]string{before: "bob", after: "eve"} {
		var got string
		if err := c.Decode("session", value, &got); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	var got string
	if err := c.Decode("session", before[:len(before)-4], &got); err == nil || !errors.Is(err, protector.ErrInvalidPayload) || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	if err := cookies.NewCodec(provider, cookies.CodecOptions{}).Decode("session", before, &got); err == nil {
		t.Error("old values decode without the old codec")
	}
}

// oldForAll decodes everything.
type oldForAll struct{ asked int }

func (o *oldForAll) Decode(_, _ string, dst any) error {
	o.asked++
	*dst.(*string) = "old"
	return nil
}

// What is ours and no longer good does not become good by way of the old codec.
func TestOldCodecsAreNotAskedAboutOurValues(t *testing.T) {
	now := start
	ring := openRing(t, t.TempDir(), keyring.Options{})
	provider := protector.New(ring, protector.Options{Now: func() time.Time { return now }})
	old := new(oldForAll)
	c := cookies.NewCodec(provider, cookies.CodecOptions{MaxAge: time.Hour, Old: old, Now: func() time.Time { return now }})
	text, err := c.Encode("n", "ours")
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := c.Decode("n", "not ours", &got); err != nil || got != "old" || old.asked != 1 {
		t.Fatalf("%q, %v", got, err)
	}

	got = "untouched"
	now = start.Add(2 * time.Hour)
	if err := c.Decode("n", text, &got); !errors.Is(err, protector.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	now = start
	if _, err := ring.Manager().RevokeKey(t.Context(), ring.Snapshot().Keys()[0].ID, "stolen"); err != nil {
		t.Fatal(err)
	}
	refresh(t, ring)
	if err := c.Decode("n", text, &got); !errors.Is(err, keyring.ErrKeyRevoked) {
		t.Errorf("revoked: %v", err)
	}
	if got != "untouched" || old.asked != 1 {
		t.Errorf("%q, asked %d times", got, old.asked)
	}
}

// gorilla/sessions keeps its sessions in a codec of ours, and reads those of
// before.
func TestGorillaSessions(t *testing.T) {
	provider, _ := clockedProvider(t)
	hash := []byte("0123456789abcdef0123456789abcdef")
	save := func(store *sessions.CookieStore, r *http.Request, value string) string {
		session, err := store.Get(r, "s")
		if err != nil {
			t.Fatal(err)
		}
		session.Values["user"] = value
		w := httptest.NewRecorder()
		if err := session.Save(r, w); err != nil {
			t.Fatal(err)
		}
		return w.Result().Header.Get("Set-Cookie")
	}
	before := sessions.NewCookieStore(hash)
	after := sessions.NewCookieStore(hash)
	after.Codecs = []securecookie.Codec{cookies.NewCodec(provider, cookies.CodecOptions{Old: securecookie.New(hash, nil)})}

	for _, cookie := range []string{save(before, sent(), "bob"), save(after, sent(), "bob")} {
		session, err := after.Get(sent(cookie), "s")
		if err != nil || session.IsNew || session.Values["user"] != "bob" {
			t.Errorf("%v, %v", session.Values, err)
		}
	}
	if _, err := after.Get(sent("s=forged"), "s"); err == nil {
		t.Error("forged, and accepted")
	} else if multi := new(securecookie.MultiError); !errors.As(err, multi) || !multi.IsDecode() {
		t.Errorf("%v", err)
	}
}

func FuzzDecode(f *testing.F) {
	provider, _ := clockedProvider(f)
	c := cookies.NewCodec(provider, cookies.CodecOptions{Serializer: cookies.JSON{}, Old: securecookie.New([]byte("0123456789abcdef0123456789abcdef"), nil)})
	good, err := c.Encode("n", "v")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("n", good)
	f.Add("m", good)
	f.Add("n", "")
	f.Add("\xff", "CfDJ8")
	f.Fuzz(func(t *testing.T, name, value string) {
		var got string
		if err := c.Decode(name, value, &got); (err == nil) != (name == "n" && strings.TrimRight(value, "=") == good) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// Whose fault it was, in the words of securecookie.
func TestCodecErrors(t *testing.T) {
	ring := openRing(t, t.TempDir(), keyring.Options{DisableAutomaticKeyGeneration: true})
	empty := cookies.NewCodec(protector.New(ring, protector.Options{}), cookies.CodecOptions{})
	_, noKey := empty.Encode("n", "hunter2")
	_, noType := empty.Encode("n", func() {})
	for name, test := range map[string]struct {
		err                     error
		usage, decode, internal bool
	}{
		"no key":  {noKey, false, false, true},
		"no type": {noType, true, false, false},
		"forged":  {empty.Decode("n", "hunter2", new(string)), false, true, false},
	} {
		var e securecookie.Error
		if !errors.As(test.err, &e) || e.IsUsage() != test.usage || e.IsDecode() != test.decode || e.IsInternal() != test.internal || e.Cause() != errors.Unwrap(test.err) {
			t.Errorf("%s: %v", name, test.err)
		}
		if text := test.err.Error(); !strings.HasPrefix(text, "cookies: ") || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if !errors.Is(noKey, keyring.ErrNoDefaultKey) {
		t.Errorf("%v", noKey)
	}
}

// The purposes never change: whoever has cookies out there would be signed out.
func TestCodecPurposes(t *testing.T) {
	provider, _ := clockedProvider(t)
	text, err := cookies.NewCodec(provider, cookies.CodecOptions{Serializer: cookies.JSON{}}).Encode("name", "value")
	if err != nil {
		t.Fatal(err)
	}
	plaintext, expires, err := provider.CreateProtector("cookies.Codec", "v1", "name").TimeLimited().UnprotectString(t.Context(), text)
	if err != nil || plaintext != `"value"` || expires.IsZero() {
		t.Errorf("%q, %v, %v", plaintext, expires, err)
	}
}
