package cookies_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/atrest"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
	"dataprotection.example/xmlrepo"
)

// What the documents show, line by line: TestSnippetsCompile looks for it here.
// Nothing calls these functions.

func _(ctx context.Context) error {
	dir, err := xmlrepo.NewDir("/srv/keys", xmlrepo.DirOptions{})
	if err != nil {
		return err
	}
	ring, err := keyring.Open(ctx, dir, keyring.Options{})
	if err != nil {
		return err
	}
	defer ring.Close()
	provider := protector.New(ring, protector.Options{ApplicationName: "shop"})
	_ = provider
	return nil
}

func _(ctx context.Context, dir *xmlrepo.Dir, password string) error {
	pair, err := atrest.LoadKeyPair("ring.pfx", password)
	if err != nil {
		return err
	}
	encryptor, err := atrest.NewCertificateEncryptor(pair.Certificate(), atrest.CertificateEncryptorOptions{})
	if err != nil {
		return err
	}
	decryptor, err := atrest.NewCertificateDecryptor(atrest.CertificateDecryptorOptions{}, pair)
	if err != nil {
		return err
	}
	ring, err := keyring.Open(ctx, dir, keyring.Options{
		Encryptor:  encryptor,
		Decryptors: []keyring.XMLDecryptor{decryptor},
	})
	_ = ring
	return err
}

func _(ctx context.Context, provider *protector.Provider, text string) error {
	p := provider.CreateProtector("Contoso.Orders", "v1")
	payload, err := p.ProtectString(ctx, text)
	if err != nil {
		return err
	}
	text, err = p.UnprotectString(ctx, payload)
	if err != nil {
		return err
	}
	limited, err := p.TimeLimited().ProtectString(ctx, text, time.Now().Add(time.Hour))
	_ = limited
	return err
}

func _(provider *protector.Provider, mux *http.ServeMux, account http.Handler) error {
	auth, err := cookies.NewAuth(provider, cookies.Options{})
	if err != nil {
		return err
	}
	mux.Handle("/account", auth.RequireSignIn(account))
	handler := http.NewCrossOriginProtection().Handler(auth.Middleware(mux))
	_ = handler
	return nil
}

func _(provider *protector.Provider, db *sql.DB) (*cookies.Auth, error) {
	auth, err := cookies.NewAuth(provider, cookies.IdentityOptions(func(ctx context.Context, userID string) (string, error) {
		var stamp string
		err := db.QueryRowContext(ctx, `SELECT "SecurityStamp" FROM "AspNetUsers" WHERE "Id" = $1`, userID).Scan(&stamp)
		if errors.Is(err, sql.ErrNoRows) {
			return "", cookies.ErrRejected // the user is gone
		}
		return stamp, err
	}))
	return auth, err
}

func _(auth *cookies.Auth, w http.ResponseWriter, r *http.Request, name string) error {
	ticket := &authticket.Ticket{Identities: []authticket.Identity{{
		AuthenticationType: "password",
		Claims:             authticket.Claims{{Type: authticket.ClaimName, Value: name}},
	}}}
	if err := auth.SignIn(w, r, ticket); err != nil {
		return err
	}
	http.Redirect(w, r, auth.ReturnURL(r), http.StatusSeeOther)
	return nil
}

func _(provider *protector.Provider, hashKey, blockKey []byte) *cookies.Codec {
	old := securecookie.New(hashKey, blockKey)
	codec := cookies.NewCodec(provider, cookies.CodecOptions{Old: old})
	return codec
}

func _(codec *cookies.Codec, hashKey []byte) *sessions.CookieStore {
	store := sessions.NewCookieStore(hashKey)
	store.Codecs = []securecookie.Codec{codec}
	return store
}
