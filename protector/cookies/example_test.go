package cookies_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/securecookie"

	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// exampleProvider stands for a provider over the ring of an application:
// protector.New.
func exampleProvider() *protector.Provider {
	ephemeral, err := protector.NewEphemeral(context.Background(), protector.Options{ApplicationName: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	return ephemeral.Provider
}

// An application where people sign in. Over the ring of an ASP.NET application,
// each knows who has signed in at the other.
func ExampleAuth() {
	auth, err := cookies.NewAuth(exampleProvider(), cookies.Options{})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		// The password has been looked at.
		ticket := &authticket.Ticket{Identities: []authticket.Identity{{
			AuthenticationType: "password",
			Claims:             authticket.Claims{{Type: authticket.ClaimName, Value: r.FormValue("name")}},
		}}}
		if err := auth.SignIn(w, r, ticket); err != nil {
			http.Error(w, "not now", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, auth.ReturnURL(r), http.StatusSeeOther)
	})
	mux.Handle("GET /", auth.RequireSignIn(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := cookies.FromContext(r.Context())
		fmt.Fprintf(w, "Hello %s at %s", session.Ticket.Name(), r.URL.Path)
	})))
	handler := http.NewCrossOriginProtection().Handler(auth.Middleware(mux))

	server := httptest.NewTLSServer(handler)
	defer server.Close()
	browser := server.Client()
	browser.Jar, _ = cookiejar.New(nil)
	answer, err := browser.PostForm(server.URL+"/login", url.Values{"name": {"bob"}, "ReturnUrl": {"/orders"}})
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Println(string(text), err)
	// Output: Hello bob at /orders <nil>
}

// Typed values in a cookie of one's own, as JSON.
func ExampleCodec() {
	type settings struct {
		Theme string
		Zoom  int
	}
	codec := cookies.NewCodec(exampleProvider(), cookies.CodecOptions{Serializer: cookies.JSON{}, MaxAge: 24 * time.Hour})
	value, err := codec.Encode("settings", settings{"dark", 120})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(value[:5])

	var read settings
	fmt.Println(codec.Decode("settings", value, &read), read)
	fmt.Println(errors.Is(codec.Decode("rights", value, &read), protector.ErrInvalidPayload))
	// Output:
	// CfDJ8
	// <nil> {dark 120}
	// true
}

// The switch from securecookie: what was encoded before still decodes.
func ExampleCodecOptions_old() {
	old := securecookie.New([]byte("0123456789abcdef0123456789abcdef"), nil)
	before, err := old.Encode("session", "bob")
	if err != nil {
		log.Fatal(err)
	}

	codec := cookies.NewCodec(exampleProvider(), cookies.CodecOptions{Old: old})
	var user string
	fmt.Println(codec.Decode("session", before, &user), user)
	// Output: <nil> bob
}

// A link for an e-mail that is good for one day. The purpose names what it is
// for, so that no other link of the application is good for it.
func Example_emailLink() {
	ctx := context.Background()
	links := exampleProvider().CreateProtector("confirm e-mail", "v1").TimeLimited()

	token, err := links.ProtectString(ctx, "bob@example.org", time.Now().Add(24*time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	link := "https://shop.example/confirm?token=" + token

	u, err := url.Parse(link)
	if err != nil {
		log.Fatal(err)
	}
	address, _, err := links.UnprotectString(ctx, u.Query().Get("token"))
	fmt.Println(address, err)

	late, err := links.ProtectString(ctx, "bob@example.org", time.Now().Add(-time.Second))
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = links.UnprotectString(ctx, late)
	fmt.Println(errors.Is(err, protector.ErrExpired))
	// Output:
	// bob@example.org <nil>
	// true
}

// scsCodec encrypts what an alexedwards/scs session manager hands to its store.
type scsCodec struct {
	inner     scs.GobCodec
	protector *protector.Protector
}

func (c scsCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	data, err := c.inner.Encode(deadline, values)
	if err != nil {
		return nil, err
	}
	return c.protector.Protect(context.Background(), data)
}

func (c scsCodec) Decode(payload []byte) (time.Time, map[string]any, error) {
	data, err := c.protector.Unprotect(context.Background(), payload)
	if err != nil {
		return time.Time{}, nil, err
	}
	return c.inner.Decode(data)
}

// Sessions of alexedwards/scs that whoever reads the store cannot read.
func Example_scs() {
	sessions := scs.New()
	sessions.Codec = scsCodec{protector: exampleProvider().CreateProtector("scs sessions")}

	ctx, err := sessions.Load(context.Background(), "")
	if err != nil {
		log.Fatal(err)
	}
	sessions.Put(ctx, "user", "bob")
	token, _, err := sessions.Commit(ctx)
	if err != nil {
		log.Fatal(err)
	}
	stored, _, err := sessions.Store.Find(token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.Contains(stored, []byte("bob")))

	again, err := sessions.Load(context.Background(), token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sessions.GetString(again, "user"))
	// Output:
	// false
	// bob
}
