package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// purposeFlags are what a payload is protected for.
type purposeFlags struct {
	purposes []string
	app      string
}

func (o *purposeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.purposes, "purpose", nil, "purpose, in order; at least one, may be repeated")
	cmd.Flags().StringVar(&o.app, "app", "", "application name, as given to SetApplicationName")
	complete(cmd, "purpose")
	complete(cmd, "app")
}

// check says what is wrong with them, before anything happens.
func (o *purposeFlags) check() error {
	if len(o.purposes) == 0 {
		return usagef("--purpose is missing; an empty one counts")
	}
	return o.checkText()
}

// checkText is check for where no purpose is needed.
func (o *purposeFlags) checkText() error {
	for _, text := range append([]string{o.app}, o.purposes...) {
		if !utf8.ValidString(text) {
			return usagef("--app or --purpose %q is not valid UTF-8", text)
		}
	}
	return nil
}

// protector returns the protector for the purposes.
func (o *purposeFlags) protector(p *program, ring *keyring.Ring) *protector.Protector {
	provider := protector.New(ring, protector.Options{ApplicationName: o.app, Now: p.now})
	return provider.CreateProtector(o.purposes[0], o.purposes[1:]...)
}

// oneShot hides that a store tells of changes: a command is over before that
// matters.
type oneShot struct{ xmlrepo.Repository }

// openRing opens the ring for a payload or two.
func (p *program) openRing(ctx context.Context, s *store, generate bool) (*keyring.Ring, error) {
	options := p.options()
	options.DisableAutomaticKeyGeneration = !generate
	options.Logger = slog.New(listener(func(fields map[string]string) {
		if fields["event"] == "key.generated" {
			p.note("made key %s, because the ring needed one", fields["id"])
		}
	}))
	return keyring.Open(ctx, oneShot{s.repo}, options)
}

// readInput returns all of standard input.
func (p *program) readInput(what string) ([]byte, error) {
	if p.isTerminal(p.stdin) {
		p.note("type the %s and end it with Ctrl-D on a line of its own", what)
	}
	data, err := io.ReadAll(p.stdin)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return data, nil
}

// readFileOrInput returns all of a file, or of standard input for "-".
func (p *program) readFileOrInput(name, what string) ([]byte, error) {
	if name == "-" {
		return p.readInput(what)
	}
	return os.ReadFile(name)
}

// readPayload returns the payload on standard input.
func (p *program) readPayload() ([]byte, error) {
	text, err := p.readInput("payload")
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, errors.New("there is no payload on standard input")
	}
	payload, err := protector.DecodePayload(string(text))
	if err != nil {
		return nil, failed(errors.New("the payload on standard input is not base64url, or is cut short"),
			"a payload begins with CfDJ8 and has A-Z, a-z, 0-9, - and _; of a cookie it is the value alone")
	}
	return payload, nil
}

// explain adds to an error of a protector what to do about it.
func explain(err error) error {
	switch {
	case errors.Is(err, protector.ErrInvalidPayload):
		return failed(err, "keyctl inspect shows the key; ASP.NET Core without SetApplicationName uses its content root as --app, with a slash at the end; what expires needs --time-limited")
	case errors.Is(err, keyring.ErrKeyNotFound):
		return failed(err, "keyctl list shows the keys; is this the ring of the program that made the payload?")
	case errors.Is(err, keyring.ErrKeyRevoked):
		return failed(err, "whoever caused that may have made the payload; --dangerous-allow-revoked opens it all the same")
	}
	return err
}
