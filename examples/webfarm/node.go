package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
	"dataprotection.example/xmlrepo"
)

// nodeVariable holds the nodeConfig of a process that is to be a node.
const nodeVariable = "WEBFARM_NODE"

// nodeConfig is what a node has to know; aspnet/Node.cs reads the same.
type nodeConfig struct {
	Name        string
	Application string
	Ring        string // the key directory
	ReadOnly    bool   // make no key
}

// answer is what a node says about a visitor.
type answer struct {
	Node    string     `json:"node"`
	Runtime string     `json:"runtime"`
	Default string     `json:"default"` // the key that this node protects with
	User    string     `json:"user"`    // empty: nobody
	By      string     `json:"by"`      // the node that signed them in
	Key     string     `json:"key"`     // the one that sealed the visitor's cookie
	Cookies int        `json:"cookies"` // how many it takes
	Issued  *time.Time `json:"issued"`
	Expires *time.Time `json:"expires"`
	Refused string     `json:"refused"` // why a cookie was not accepted
}

// serveNode is a node: it prints its address, serves, and ends when its input
// does, so that it never outlives the farm, whatever becomes of that.
func serveNode(config string, stdin io.Reader, stdout io.Writer) error {
	var c nodeConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return fmt.Errorf("%s: %w", nodeVariable, err)
	}
	ctx := context.Background()
	dir, err := xmlrepo.NewDir(c.Ring, xmlrepo.DirOptions{})
	if err != nil {
		return err
	}
	ring, err := keyring.Open(ctx, dir, keyring.Options{DisableAutomaticKeyGeneration: c.ReadOnly})
	if err != nil {
		return err
	}
	defer ring.Close()
	n := &node{name: c.Name, ring: ring}
	n.auth, err = cookies.NewAuth(protector.New(ring, protector.Options{ApplicationName: c.Application}), cookies.Options{
		Insecure: true, // the farm is on plain HTTP, and on this machine only
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: n.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		io.Copy(io.Discard, stdin)
		server.Close()
	}()
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// claimNode is the type of a claim of our own: which node signed somebody in.
const claimNode = "node"

// node is a node of the farm.
type node struct {
	name string
	ring *keyring.Ring
	auth *cookies.Auth
}

func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", n.me)
	mux.HandleFunc("POST /signin", n.signIn)
	mux.HandleFunc("POST /signout", n.signOut)
	return http.NewCrossOriginProtection().Handler(n.auth.Middleware(mux))
}

// signIn believes everybody: a real application asks for a password first.
func (n *node) signIn(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" || len(name) > 64 {
		http.Error(w, "a name has 1 to 64 bytes", http.StatusBadRequest)
		return
	}
	claims := authticket.Claims{
		{Type: authticket.ClaimName, Value: name},
		{Type: claimNode, Value: n.name},
	}
	if r.PostFormValue("large") != "" { // more than fits into one cookie
		claims = append(claims, authticket.Claim{Type: "groups", Value: strings.Repeat("group;", 1700)})
	}
	err := n.auth.SignIn(w, r, &authticket.Ticket{
		Identities: []authticket.Identity{{AuthenticationType: "name", Claims: claims}},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (n *node) signOut(w http.ResponseWriter, r *http.Request) {
	if err := n.auth.SignOut(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// me says who the visitor is.
func (n *node) me(w http.ResponseWriter, r *http.Request) {
	a := answer{Node: n.name, Runtime: "Go " + strings.TrimPrefix(runtime.Version(), "go")}
	if k, err := n.ring.Snapshot().DefaultKey(); err == nil {
		a.Default = k.ID.String()
	}
	if s, ok := cookies.FromContext(r.Context()); ok {
		a.User, a.Key = s.Ticket.Name(), s.KeyID.String()
		a.By = s.Ticket.Value(claimNode)
		for _, c := range r.Cookies() {
			if strings.HasPrefix(c.Name, n.auth.CookieName()) {
				a.Cookies++
			}
		}
		if t, err := s.Ticket.Properties.Issued(); err == nil {
			a.Issued = &t
		}
		if t, err := s.Ticket.Properties.Expires(); err == nil {
			a.Expires = &t
		}
	} else if _, err := n.auth.Authenticate(r); err != nil {
		a.Refused = why(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(a)
}

// why says to a visitor why a cookie is refused.
func why(err error) string {
	switch {
	case errors.Is(err, http.ErrNoCookie):
		return "" // there is none
	case errors.Is(err, keyring.ErrKeyRevoked):
		return "Its key has been revoked."
	case errors.Is(err, keyring.ErrKeyNotFound):
		return "Its key is not in the ring."
	case errors.Is(err, cookies.ErrIncomplete):
		return "Pieces of it are missing."
	case errors.Is(err, cookies.ErrExpired):
		return "It has expired."
	}
	return "It is not one of ours: " + err.Error()
}
