package sqlrepo

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"dataprotection.example/internal/elementtext"
	"dataprotection.example/xmlrepo"
)

// Store implements Repository. A row that holds no element keeps nobody from
// storing one under another name.
func (t *Table) Store(ctx context.Context, e xmlrepo.Element) error {
	const what = "store in"
	if err := ctx.Err(); err != nil {
		return t.fault(what, err)
	}
	e, err := xmlrepo.Normalize(e)
	if err != nil {
		return err
	}
	return t.fault(what, t.exclusively(ctx, func(ctx context.Context, q querier) error {
		taken, err := t.taken(ctx, q, e.Name)
		if err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("%w: %q", xmlrepo.ErrExist, e.Name)
		}
		_, err = q.ExecContext(ctx, t.text.insert, e.Name, string(e.XML))
		return err
	}))
}

// taken reports whether a row has the name. Only where some row has a name that
// is not its own it takes the elements to know.
func (t *Table) taken(ctx context.Context, q querier, name string) (bool, error) {
	rows, err := q.QueryContext(ctx, t.text.known)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	seen := map[string]bool{}
	derived := false
	for rows.Next() {
		var own sql.NullString
		var length sql.NullInt64
		if err := rows.Scan(&own, &length); err != nil {
			return false, err
		}
		switch {
		case length.Int64 == 0:
			continue
		case own.String == name:
			return true, nil
		}
		derived = derived || seen[own.String] || xmlrepo.CheckName(own.String) != nil
		seen[own.String] = true
	}
	if err := rows.Err(); err != nil || !derived {
		return false, err
	}
	rows.Close()
	all, err := t.rows(ctx, q)
	if err != nil {
		return false, err
	}
	c, _ := t.understand(all) // what is no element has no name from its content
	return elementtext.Find(c.elements, name) != nil, nil
}

// Replace implements Replacer. What was one element in several rows stays so.
func (t *Table) Replace(ctx context.Context, old, with xmlrepo.Element) error {
	const what = "replace in"
	if err := ctx.Err(); err != nil {
		return t.fault(what, err)
	}
	if old.Name != with.Name {
		return fmt.Errorf("sqlrepo: the element %q was to be replaced by one called %q", old.Name, with.Name)
	}
	// The name is one that Elements returned, and need not pass CheckName.
	with, err := xmlrepo.Normalize(xmlrepo.Element{Name: "with", XML: with.XML})
	if err != nil {
		return err
	}
	return t.fault(what, t.exclusively(ctx, func(ctx context.Context, q querier) error {
		rows, err := t.rows(ctx, q)
		if err != nil {
			return err
		}
		c, _ := t.understand(rows)
		present := elementtext.Find(c.elements, old.Name)
		if present == nil || !bytes.Equal(present.XML, old.XML) {
			return fmt.Errorf("%w: %q", xmlrepo.ErrChanged, old.Name)
		}
		for _, id := range c.rowsOf(present) {
			if _, err := q.ExecContext(ctx, t.text.update, string(with.XML), id); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Remove implements Remover. With an element goes every row that holds it.
func (t *Table) Remove(ctx context.Context, choose func([]xmlrepo.Element) []xmlrepo.Element) (err error) {
	const what = "remove from"
	c, err := t.read(ctx, what)
	if err != nil {
		return err
	}
	chosen, err := xmlrepo.ChosenNames(elements(c.elements), choose)
	if err != nil || len(chosen) == 0 {
		return err
	}
	if t.dialect == PostgreSQL {
		defer func() { // also of what was deleted before an error
			failed := t.patiently(context.WithoutCancel(ctx), t.timeout, func(ctx context.Context) error {
				_, err := t.db.ExecContext(ctx, "SELECT pg_notify($1, '')", t.channel)
				return err
			})
			if err == nil {
				err = t.fault(what, failed)
			}
		}()
	}
	for _, name := range chosen {
		if err := ctx.Err(); err != nil {
			return t.fault(what, err)
		}
		for _, id := range c.rowsOf(elementtext.Find(c.elements, name)) {
			err := t.patiently(ctx, t.timeout, func(ctx context.Context) error {
				_, err := t.db.ExecContext(ctx, t.text.remove, id)
				return err
			})
			if err != nil {
				return t.fault(what, err)
			}
		}
	}
	return nil
}

// CreateTable makes the table as Entity Framework Core would, with its schema on
// PostgreSQL and SQL Server, if they are not there.
func (t *Table) CreateTable(ctx context.Context) error {
	return t.fault("create", t.exclusively(ctx, func(ctx context.Context, q querier) error {
		for _, statement := range t.text.create {
			if _, err := q.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}))
}
