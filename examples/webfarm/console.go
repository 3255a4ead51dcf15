package main

import (
	_ "embed"
	"net/http"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
)

var (
	//go:embed page.css
	styleSheet []byte
	//go:embed page.js
	script []byte
)

// Handler is all that the browser sees of the farm.
func (f *farm) Handler() http.Handler {
	proxy := f.proxy()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", proxy)
	mux.Handle("POST /signin", proxy)
	mux.Handle("POST /signout", proxy)
	mux.HandleFunc("POST /rotate", f.rotate)
	mux.HandleFunc("POST /revoke", f.revoke)
	mux.HandleFunc("POST /kill", f.kill)
	mux.HandleFunc("POST /start", f.start)
	mux.Handle("GET /page.css", file("text/css; charset=utf-8", styleSheet))
	mux.Handle("GET /page.js", file("text/javascript; charset=utf-8", script))
	protected := http.NewCrossOriginProtection().Handler(mux)
	return onThisMachine(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		protected.ServeHTTP(w, r)
	}))
}

func file(kind string, content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(content)
	})
}

// rotate makes a key that protects at once. Nodes in Go see it before this has
// returned to the browser, or a moment later. ASP.NET Core reads its ring once a
// day, and so its node is started anew; in a real farm keys are made two days
// before they protect, which is what keyctl create does.
func (f *farm) rotate(w http.ResponseWriter, r *http.Request) {
	if f.refuseWrite(w) {
		return
	}
	if _, err := f.ring.Manager().CreateKey(r.Context(), keyring.NewKeyOptions{Activation: time.Now()}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, m := range f.members {
		if m.readsOnceADay && m.look().At != nil {
			f.note("%s starts anew, to read the ring", m.name)
			m.crash()
			m.startSoon(f.life)
		}
	}
	f.back(w, r)
}

// revoke revokes a key, as keyctl revoke does. The nodes see the file.
func (f *farm) revoke(w http.ResponseWriter, r *http.Request) {
	if f.refuseWrite(w) {
		return
	}
	id, err := uuid.Parse(r.PostFormValue("key"))
	if err != nil {
		http.Error(w, "which key?", http.StatusBadRequest)
		return
	}
	if _, err := f.ring.Manager().RevokeKey(r.Context(), id, "by the button of the web farm"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	f.back(w, r)
}

func (f *farm) kill(w http.ResponseWriter, r *http.Request) {
	if m, ok := f.member(r.PostFormValue("node")); ok {
		m.crash()
	}
	f.back(w, r)
}

// start starts a node that is down, and starts anew one that is up.
func (f *farm) start(w http.ResponseWriter, r *http.Request) {
	if m, ok := f.member(r.PostFormValue("node")); ok {
		if m.look().At != nil {
			m.crash()
		}
		m.startSoon(f.life)
	}
	f.back(w, r)
}

func (f *farm) refuseWrite(w http.ResponseWriter) bool {
	if f.opts.ReadOnly {
		http.Error(w, "DATAPROTECTION_READ_ONLY is set: nothing is written to the ring here", http.StatusForbidden)
	}
	return f.opts.ReadOnly
}

func (f *farm) back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
