package main

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// ticketOptions are the flags of inspect that open an authentication cookie.
type ticketOptions struct {
	open bool // --ticket: the others mean nothing without it
	cookieFlags
	app          string
	showTokens   bool
	allowRevoked bool
}

func (o *ticketOptions) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&o.open, "ticket", false, "open an authentication cookie and show who it is about")
	flags.StringVar(&o.scheme, "scheme", cookies.SchemeCookies, "authentication scheme, as given to AddCookie")
	flags.StringVar(&o.app, "app", "", "application name, as given to SetApplicationName")
	flags.StringVar(&o.cookie, "cookie", "", "name of the cookie (default .AspNetCore.SCHEME)")
	flags.BoolVar(&o.showTokens, "show-tokens", false, "also print the tokens in the ticket")
	flags.BoolVar(&o.allowRevoked, "dangerous-allow-revoked", false, "open it even if its key is revoked; it may be forged")
	complete(cmd, "scheme", cookies.SchemeCookies, cookies.SchemeIdentity)
	complete(cmd, "app")
	complete(cmd, "cookie")
}

// check says what is wrong with them, before anything happens.
func (o *ticketOptions) check(cmd *cobra.Command) error {
	for _, name := range []string{"scheme", "app", "cookie", "show-tokens", "dangerous-allow-revoked"} {
		if cmd.Flags().Changed(name) && !o.open {
			return usagef("--%s is for --ticket", name)
		}
	}
	for _, text := range []string{o.scheme, o.app, o.cookie} {
		if !utf8.ValidString(text) {
			return usagef("--scheme, --app or --cookie %q is not valid UTF-8", text)
		}
	}
	return nil
}

// openTicket returns what an authentication cookie holds, whatever its dates:
// whether it is still good is not for us to say.
func (p *program) openTicket(ctx context.Context, s *store, o *ticketOptions, payload []byte) (*authticket.Ticket, error) {
	ring, err := p.openRing(ctx, s, false)
	if err != nil {
		return nil, unreadable(err)
	}
	defer ring.Close()
	purposes := authticket.CookiePurposes(o.scheme)
	by := protector.New(ring, protector.Options{ApplicationName: o.app, Now: p.now}).CreateProtector(purposes[0], purposes[1:]...)
	open := by.UnprotectDetails
	if o.allowRevoked {
		open = by.DangerousUnprotect
	}
	opened, err := open(ctx, payload)
	switch {
	case errors.Is(err, protector.ErrInvalidPayload):
		return nil, failed(err, "are --scheme and --app those of the application? ASP.NET Core without SetApplicationName uses its content root as --app, with a slash at the end")
	case err != nil:
		return nil, explain(err)
	case opened.WasRevoked:
		p.warn("the cookie's key is revoked: whoever caused that may have made the cookie")
	}
	t := new(authticket.Ticket)
	if err := t.UnmarshalBinary(opened.Plaintext); err != nil {
		return nil, failed(err, "the payload is genuine, but no authentication cookie")
	}
	p.warn("this is a live credential: whoever has the cookie is signed in as its user; keep it, and what is printed, out of logs and chats")
	return t, nil
}
