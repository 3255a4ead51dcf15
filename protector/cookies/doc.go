// Package cookies keeps people signed in across ASP.NET Core and Go: whoever has
// signed in on one is signed in on the other.
//
// # What it takes
//
// Both applications need the same key ring, the same application name and the
// same scheme, and browsers must send the cookie to both: the same host, or a
// common [Options].Domain. [Auth] then is ASP.NET's cookie authentication:
//
//	auth, err := cookies.NewAuth(provider, cookies.Options{})
//	…
//	mux.Handle("/account", auth.RequireSignIn(account))
//	http.ListenAndServe(address, auth.Middleware(mux))
//
// and a handler asks [FromContext] who it is. The zero Options are the scheme
// "Cookies", for 14 days that slide; for an application with ASP.NET Core
// Identity there are [IdentityOptions].
//
// # What the cookie is
//
// A ticket of package authticket, protected, in one cookie or, if it is large, in
// several ([Chunks]). Nobody without the ring can read or alter it, and nobody
// can take it back: it is good until the time in it has passed. A sign-out asks
// the browser to forget its cookie, and a copy that somebody made is as good as
// before, on every node, there as here. Three things end it sooner: a
// [TicketStore], which keeps the tickets on the server; [SecurityStamp], which
// asks now and then whether the user is still welcome; and revoking the keys,
// which signs out everybody.
//
// # What differs from ASP.NET
//
// The cookie is Secure unless [Options].Insecure says otherwise; ASP.NET leaves
// that out where the request came over plain HTTP, as it does behind a proxy
// that the application has not been told of.
//
// A ticket whose end is missing or cannot be read is refused, where ASP.NET takes
// it for eternal. [Options].AcceptNoExpiry takes it too.
//
// A cookie under a key that no longer protects is replaced, ASP.NET waits until it
// slides. A sign-in over a store gets a new key even if somebody was signed in
// before. Return addresses are compared more strictly; see [IsLocalURL].
//
// # Forged requests
//
// A browser sends cookies with every request to their site, also with those that
// another site has made it send. SameSite=Lax, the default, keeps the cookie from
// other sites' POSTs. That is not enough where a subdomain is in other hands: to
// SameSite it is no other site. The standard library has the rest: put
// [http.CrossOriginProtection] around the handler. It looks at Sec-Fetch-Site and
// Origin, which every browser sends and no page can set, and so needs no token in
// forms, no cookie and no key; there is nothing left for this package to add.
//
// Both let GETs pass: a link on another site brings the cookie along, and
// CrossOriginProtection never stops GET, HEAD and OPTIONS. So none of these may
// change anything. That goes for a sign-out too: route it, and SignIn, under POST
// alone.
//
// ASP.NET's antiforgery tokens answer the same question with a token in each
// form: a form that ASP.NET has rendered and Go receives brings one along, and
// Go need not look at it.
//
// Everything in this package may be used by many goroutines at the same time.
package cookies
