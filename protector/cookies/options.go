package cookies

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
)

// Schemes that ASP.NET Core has names for.
const (
	// SchemeCookies is CookieAuthenticationDefaults.AuthenticationScheme.
	SchemeCookies = "Cookies"

	// SchemeIdentity is IdentityConstants.ApplicationScheme. Applications with
	// Identity compare their users' security stamps. The scheme alone does not,
	// and whoever knew a password that has been changed stays signed in;
	// [IdentityOptions] do.
	SchemeIdentity = "Identity.Application"
)

// Options configures an [Auth] (CookieAuthenticationOptions). The zero value is
// what AddAuthentication().AddCookie() gives, with Secure. For the cookies of
// ASP.NET Core Identity begin with [IdentityOptions].
type Options struct {
	// Scheme is the name that the other application registered it under; empty
	// means SchemeCookies. It is a purpose: cookies of one scheme are no good
	// for another.
	Scheme string

	// CookieName is the cookie's name; empty means ".AspNetCore." and the
	// scheme, percent-escaped. HostPrefix puts "__Host-" before it, and with
	// that browsers take the cookie from this very host only, over TLS, for
	// every path. The other application needs the same name.
	CookieName string
	HostPrefix bool

	Path     string        // empty means "/"
	Domain   string        // empty means this host alone
	SameSite http.SameSite // zero means Lax; SameSiteDefaultMode sends none

	// Insecure sends the cookie over plain HTTP too, for development. Without
	// it the cookie is Secure, whatever the request came over.
	Insecure bool

	// ExpireTimeSpan is for how long a sign-in is good, unless the ticket says
	// when it expires; 0 means 14 days. DisableSlidingExpiration ends it then.
	// Otherwise it is renewed when more than half of it has passed.
	ExpireTimeSpan           time.Duration
	DisableSlidingExpiration bool

	// AcceptNoExpiry accepts tickets that do not say when they expire, or say so
	// in a way that cannot be read. They are good for ever, as in ASP.NET.
	AcceptNoExpiry bool

	// LoginPath is where Challenge sends people, AccessDeniedPath where Forbid
	// does, and ReturnURLParameter how they are told where to go afterwards.
	// Empty means /Account/Login, /Account/AccessDenied and ReturnUrl.
	LoginPath, AccessDeniedPath string
	ReturnURLParameter          string

	// Validate, unless nil, is asked about every ticket that is good so far
	// (OnValidatePrincipal). An error refuses it, for this request; one that
	// wraps ErrRejected also signs out, where Middleware called it. It may
	// change the session's ticket and set Renew. See [SecurityStamp].
	Validate func(r *http.Request, s *Session) error

	// Store, unless nil, keeps the tickets (SessionStore); the cookie holds a
	// reference.
	Store TicketStore

	// MaxSize is that of [Chunks].
	MaxSize int

	// OnError, unless nil, is told why a cookie was refused, or could not be
	// renewed: what Middleware does not stop for. No error has a secret in it.
	OnError func(r *http.Request, err error)

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Auth is ASP.NET Core's cookie authentication (CookieAuthenticationHandler). It
// is safe for concurrent use.
type Auth struct {
	opts   Options
	format *authticket.Format
	cookie http.Cookie // without a value
	chunks Chunks
}

// NewAuth returns the cookie authentication over a provider, whose application
// name and ring must be those of the other application. It refuses options that
// browsers would.
func NewAuth(p *protector.Provider, opts Options) (*Auth, error) {
	defaults(&opts.Scheme, SchemeCookies)
	defaults(&opts.CookieName, ".AspNetCore."+escape(opts.Scheme))
	defaults(&opts.Path, "/")
	defaults(&opts.SameSite, http.SameSiteLaxMode)
	defaults(&opts.ExpireTimeSpan, 14*24*time.Hour)
	defaults(&opts.LoginPath, "/Account/Login")
	defaults(&opts.AccessDeniedPath, "/Account/AccessDenied")
	defaults(&opts.ReturnURLParameter, "ReturnUrl")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	name := opts.CookieName
	if opts.HostPrefix {
		name = "__Host-" + name
	}
	a := &Auth{
		opts:   opts,
		format: authticket.CookieFormat(p, opts.Scheme),
		cookie: http.Cookie{
			Name: name, Path: opts.Path, Domain: opts.Domain,
			Secure: !opts.Insecure, HttpOnly: true, SameSite: opts.SameSite,
		},
		chunks: Chunks{MaxSize: opts.MaxSize},
	}
	return a, a.refuse()
}

func (a *Auth) refuse() error {
	o := a.opts
	lowered := lower(a.cookie.Name)
	switch host := strings.HasPrefix(lowered, "__host-"); {
	case !utf8.ValidString(o.Scheme):
		return errors.New("cookies: Options.Scheme is not valid UTF-8")
	case (host || strings.HasPrefix(lowered, "__secure-")) && o.Insecure:
		return fmt.Errorf("cookies: browsers refuse the cookie %q with Options.Insecure", a.cookie.Name)
	case host && (o.Domain != "" || o.Path != "/"):
		return fmt.Errorf("cookies: browsers refuse the cookie %q with a domain, or a path other than /", a.cookie.Name)
	case o.SameSite == http.SameSiteNoneMode && o.Insecure:
		return errors.New("cookies: browsers refuse cookies with SameSite=None and Options.Insecure")
	case o.ExpireTimeSpan < time.Second:
		return errors.New("cookies: Options.ExpireTimeSpan is less than a second")
	case o.Path[0] != '/':
		return fmt.Errorf("cookies: Options.Path %q does not begin with a slash", o.Path)
	case !IsLocalURL(o.LoginPath) || !IsLocalURL(o.AccessDeniedPath):
		return fmt.Errorf("cookies: Options.LoginPath %q and AccessDeniedPath %q must be paths", o.LoginPath, o.AccessDeniedPath)
	}
	_, err := a.chunks.cut(&a.cookie)
	return errors.Join(check(&a.cookie), err)
}

// defaults sets what is zero.
func defaults[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// CookieName returns the name of the cookie, or of its first one.
func (a *Auth) CookieName() string { return a.cookie.Name }
