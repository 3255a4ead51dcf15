package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"dataprotection.example/keyring"
)

func (p *program) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List every key, and which is the default now",
		Long: `List every key of the ring: id, creation, activation, expiration, state, and which
one is the default now, by creation.

A key is, whatever fits first: revoked (it opens nothing), unreadable (its file
is at fault, or it uses what no ASP.NET Core does), expired (it only opens what it
protected), created (its activation is still to come), or active.`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              p.action(func(ctx context.Context, _ []string) error { return p.list(ctx) }),
	}
}

func (p *program) list(ctx context.Context) error {
	l, elements, err := p.readElements(ctx)
	if err != nil {
		return err
	}
	views := viewAll(l, p.now())
	p.viewProtection(views, elements)
	p.noteFaults(views)
	switch {
	case p.json:
		return p.printJSON(views)
	case len(views) == 0:
		p.note("the ring is empty")
		return nil
	}
	return p.printKeys(p.stdout, views)
}

// noteFaults says what is the matter with keys that cannot be used here.
func (p *program) noteFaults(views []keyView) {
	var sealed []keyring.Key
	for _, v := range views {
		switch {
		case v.Error == nil || v.key.Revoked:
		case v.key.DecryptorMissing:
			sealed = append(sealed, v.key)
		case v.CreationDate == nil:
			p.warn("a key is left out because its file is at fault: %s: %s", v.at, *v.Error)
		default:
			p.warn("key %s: %s", v.id(), *v.Error)
		}
	}
	others := p.noteElsewhere(sealed)
	if others > 0 && len(p.certificates.pairs) > 0 {
		p.warn("%s encrypted to another certificate than those given", countAre(others, "key"))
	} else if others > 0 {
		p.note("%s encrypted, and what decrypts is not at hand here; such a key counts as usable, since the servers have it",
			countAre(others, "key"))
	}
}

// printKeys prints the table of keys.
func (p *program) printKeys(w io.Writer, views []keyView) error {
	rows := [][]cell{{{"ID", bold}, {"CREATED (UTC)", bold}, {"ACTIVATES", bold}, {"EXPIRES", bold}, {"STATE", bold}, {"DEFAULT", bold}}}
	// A column for what encrypts the keys, where something does.
	known := slices.ContainsFunc(views, func(v keyView) bool { return v.Protection != nil && v.key.EncryptedAtRest })
	if known {
		rows[0] = append(rows[0], cell{"ENCRYPTED TO", bold})
	}
	for _, v := range views {
		row := append([]cell{{v.id(), noStyle}}, v.dates()...)
		row = append(row, stateCell(v.State))
		mark := cell{}
		if v.Default {
			mark = cell{"default", bold}
		}
		row = append(row, mark)
		if known {
			row = append(row, p.protectionCell(v))
		}
		rows = append(rows, row)
	}
	return p.printTable(w, rows)
}
