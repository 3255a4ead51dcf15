package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

// shownKey is a key as show prints it.
type shownKey struct {
	keyView
	Location string `json:"location"`
}

func (p *program) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show one key in full, and where it is stored",
		Long: `Show everything about one key but the key itself: its secret is never printed.

ID is the whole id in any spelling of ASP.NET's; a part of it is not enough.`,
		Args:              oneID,
		ValidArgsFunction: p.completeIDs(1, nil),
		RunE:              p.action(p.show),
	}
}

func (p *program) show(ctx context.Context, args []string) error {
	ids, err := parseIDs(args)
	if err != nil {
		return err
	}
	l, elements, err := p.readElements(ctx)
	if err != nil {
		return err
	}
	views := viewAll(l, p.now())
	p.viewProtection(views, elements)
	v, ok := findView(views, ids[0])
	if !ok {
		return noSuchKey(ids[0])
	}
	if p.json {
		return p.printJSON(shownKey{v, v.at})
	}
	return p.printTable(p.stdout, v.full())
}

func findView(views []keyView, id uuid.UUID) (keyView, bool) {
	for _, v := range views {
		if v.ID != nil && *v.ID == id.String() {
			return v, true
		}
	}
	return keyView{}, false
}

func noSuchKey(id uuid.UUID) error {
	return failed(fmt.Errorf("there is no key %s in this ring", id), "keyctl list shows the keys; is it the right ring (--dir, --store)?")
}

// full is all there is to say about a key, a line each.
func (v keyView) full() [][]cell {
	var rows [][]cell
	add := func(name, text string, s style) { rows = append(rows, []cell{{name, faint}, {text, s}}) }
	state := stateCell(v.State)
	add("id", v.id(), bold)
	add("state", state.text, state.style)
	if v.Default {
		add("default", "yes: it protects now", bold)
	} else {
		add("default", "no", noStyle)
	}
	add("created", orElse(v.CreationDate, "?"), noStyle)
	add("activates", orElse(v.ActivationDate, "?"), noStyle)
	add("expires", orElse(v.ExpirationDate, "?"), noStyle)
	if v.Revoked != nil && *v.Revoked {
		add("revoked", orElse(v.RevocationDate, "at an unknown time"), red)
		add("reason", orElse(v.RevocationReason, "none given"), noStyle)
	}
	add("encryption", orElse(v.Encryption, "unknown"), noStyle)
	if v.Encryption == nil || !v.key.Algorithms.Encryption.GCM() {
		add("validation", orElse(v.Validation, "unknown"), noStyle)
	}
	switch {
	case v.EncryptedAtRest == nil:
	case *v.EncryptedAtRest:
		add("at rest", "encrypted", noStyle)
		for _, c := range v.Certificates {
			add("certificate", c.line(), noStyle)
		}
		if v.KeyVaultKey != nil {
			add("key vault", *v.KeyVaultKey, noStyle)
		}
	default:
		add("at rest", "in clear text", noStyle)
	}
	add("readable", map[bool]string{true: "yes", false: "not here"}[v.Readable], noStyle)
	if v.Error != nil {
		add("error", *v.Error, red)
	}
	add("name", v.Name, noStyle)
	add("location", v.at, noStyle)
	return rows
}
