package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"dataprotection.example/protector"
)

// inspectedView is what a payload tells without being opened, as inspect prints
// it.
type inspectedView struct {
	ID         string  `json:"id"`    // of the key
	State      *string `json:"state"` // the key's, null if it is not in the ring
	Found      bool    `json:"found"`
	IsDefault  bool    `json:"isDefault"`
	Encryption *string `json:"encryption"`
	Validation *string `json:"validation"`
	Bytes      int     `json:"bytes"` // of the payload, decoded

	Ticket *ticketView `json:"ticket,omitempty"` // with --ticket
}

func (p *program) inspectCommand() *cobra.Command {
	var o ticketOptions
	cmd := &cobra.Command{
		Use:   "inspect [--ticket --scheme S]",
		Short: "Say which key a payload needs, or what an authentication cookie holds",
		Long: `Say of the payload on standard input which key it names, and in which state that
key is in this ring. No purpose is needed, and nothing is opened: a forged payload
looks the same. If the key is not in the ring, the exit status is 3.

With --ticket the payload is an authentication cookie, which is opened and shown
claim by claim, whether it has expired or not. Paste its value, the values of its
pieces one a line, or a whole Cookie or Set-Cookie header. Of the tokens in it
only --show-tokens shows more than the names.`,
		Example: `  keyctl inspect < payload
  keyctl inspect --ticket --scheme Identity.Application --app shop < headers`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	o.add(cmd)
	cmd.RunE = p.action(func(ctx context.Context, _ []string) error {
		if err := o.check(cmd); err != nil {
			return err
		}
		return p.inspect(ctx, &o)
	})
	return cmd
}

func (p *program) inspect(ctx context.Context, o *ticketOptions) error {
	s, err := p.openExisting(ctx)
	if err != nil {
		return err
	}
	var payload []byte
	if o.open {
		payload, err = p.readCookie(o.cookieFlags)
	} else {
		payload, err = p.readPayload()
	}
	if err != nil {
		return err
	}
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		return failed(fmt.Errorf("the %s on standard input are no payload", count(len(payload), "byte")), "a payload begins with CfDJ8")
	}
	_, l, err := p.readRing(ctx, s)
	if err != nil {
		return err
	}
	v := inspectedView{ID: id.String(), Bytes: len(payload)}
	k, found := findView(viewAll(l, p.now()), id)
	if found {
		v.State, v.Found, v.IsDefault, v.Encryption, v.Validation = &k.State, true, k.Default, k.Encryption, k.Validation
		p.noteFaults([]keyView{k})
	}
	if found && o.open {
		t, err := p.openTicket(ctx, s, o, payload)
		if err != nil {
			return err
		}
		v.Ticket = viewTicket(t, o.showTokens)
	}
	if err := p.printInspected(v, k); err != nil {
		return err
	}
	if !found {
		return unmet(fmt.Errorf("key %s is not in this ring", id), "is this the ring of the program that made the payload?")
	}
	return nil
}

func (p *program) printInspected(v inspectedView, k keyView) error {
	if p.json {
		return p.printJSON(v)
	}
	rows := [][]cell{{{"key", faint}, {v.ID, bold}}}
	if !v.Found {
		rows = append(rows, []cell{{"state", faint}, {"not in this ring", red}})
	} else {
		state := stateCell(k.State)
		state.text = stateWithDate(k)
		rows = append(rows, []cell{{"state", faint}, state},
			[]cell{{"default", faint}, {map[bool]string{true: "yes", false: "no"}[v.IsDefault], noStyle}},
			[]cell{{"encryption", faint}, {orElse(v.Encryption, "unknown"), noStyle}})
		if v.Validation != nil {
			rows = append(rows, []cell{{"validation", faint}, {*v.Validation, noStyle}})
		}
	}
	rows = append(rows, []cell{{"bytes", faint}, {fmt.Sprint(v.Bytes), noStyle}})
	if err := p.printTable(p.stdout, rows); err != nil || v.Ticket == nil {
		return err
	}
	return p.printTicket(v.Ticket)
}

// stateWithDate is the state and the date that explains it.
func stateWithDate(k keyView) string {
	switch {
	case k.State == stateRevoked && k.RevocationDate != nil:
		return "revoked since " + *k.RevocationDate
	case k.State == stateExpired:
		return "expired since " + *k.ExpirationDate + " (it still opens what it protected)"
	case k.State == stateCreated:
		return "created, activates " + *k.ActivationDate
	case k.State == stateActive:
		return "active until " + *k.ExpirationDate
	}
	return k.State
}
