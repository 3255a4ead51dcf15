package cookies

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

type contextKey struct{}

// FromContext returns who is signed in, as [Auth.Middleware] found.
func FromContext(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok
}

// Middleware tells next who is signed in, by [FromContext], and lets everybody
// pass (UseAuthentication). It renews the cookie when that is due, and protects
// it anew when its key calls for that.
//
// The cookie is set before next is called, which may still sign in or out. A
// response that has one is kept out of caches, whatever next says of caching.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := a.Authenticate(r)
		cookie := false // whether one is set
		switch {
		case errors.Is(err, http.ErrNoCookie):
		case err != nil:
			a.report(r, err)
			if errors.Is(err, ErrRejected) {
				a.report(r, a.SignOut(w, r))
				cookie = true
			}
		default:
			if s.Renew || s.RequiresMigration {
				err := a.Reissue(w, r, s)
				a.report(r, err)
				cookie = err == nil
			}
			r = r.WithContext(context.WithValue(r.Context(), contextKey{}, s))
		}
		if cookie {
			response := &uncached{ResponseWriter: w}
			defer response.begin() // next may write nothing
			w = response
		}
		next.ServeHTTP(w, r)
	})
}

// RequireSignIn lets pass who is signed in and challenges everybody else
// (RequireAuthorization). It stands behind Middleware.
func (a *Auth) RequireSignIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := FromContext(r.Context()); !ok || !s.Ticket.Authenticated() {
			a.Challenge(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Challenge sends somebody who is not signed in to Options.LoginPath, with the
// way back (ChallengeAsync). A request of a script, which says so in the header
// X-Requested-With, is answered with 401 and the location.
func (a *Auth) Challenge(w http.ResponseWriter, r *http.Request) {
	a.turnAway(w, r, a.opts.LoginPath, http.StatusUnauthorized)
}

// Forbid sends somebody who is signed in and may not to Options.AccessDeniedPath
// (ForbidAsync), a script 403.
func (a *Auth) Forbid(w http.ResponseWriter, r *http.Request) {
	a.turnAway(w, r, a.opts.AccessDeniedPath, http.StatusForbidden)
}

func (a *Auth) turnAway(w http.ResponseWriter, r *http.Request, path string, status int) {
	to := path
	if from := r.URL.RequestURI(); IsLocalURL(from) {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		to += separator + url.QueryEscape(a.opts.ReturnURLParameter) + "=" + url.QueryEscape(from)
	}
	if r.Header.Get("X-Requested-With") == "XMLHttpRequest" {
		w.Header().Set("Location", to)
		http.Error(w, http.StatusText(status), status)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}
