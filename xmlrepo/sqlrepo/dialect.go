package sqlrepo

import (
	"errors"
	"fmt"
	"strings"
)

// Dialect is the kind of a SQL database. The zero value is invalid.
type Dialect uint8

// The dialects.
const (
	PostgreSQL Dialect = iota + 1 // 11 and later
	MySQL                         // 8 and later; MariaDB 10.5 and later
	SQLite                        // 3
	SQLServer                     // 2017 and later; never run
)

// String returns the name of the database.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "PostgreSQL"
	case MySQL:
		return "MySQL"
	case SQLite:
		return "SQLite"
	case SQLServer:
		return "SQL Server"
	}
	return fmt.Sprintf("Dialect(%d)", uint8(d))
}

// names are those of a table, as they are and not as SQL spells them.
type names struct {
	schema, table, id, name, xml string
}

// statements are the texts for one table.
type statements struct {
	list   string // every id, name and element, by id
	known  string // every name and length of an element
	insert string // name, element
	update string // element, id
	remove string // id
	print  string // one text for all; empty: to be made of list
	exists string // 1 or 0
	create []string
}

// quote spells a name.
func (d Dialect) quote(name string) string {
	switch d {
	case MySQL:
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	case SQLServer:
		return "[" + strings.ReplaceAll(name, "]", "]]") + "]"
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// literal spells a string.
func (d Dialect) literal(s string) string {
	s = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if d == MySQL {
		s = strings.ReplaceAll(s, `\`, `\\`)
	}
	return s
}

// statements makes the texts, from templates with the spelled names.
func (d Dialect) statements(n names) (statements, error) {
	if d < PostgreSQL || d > SQLServer {
		return statements{}, errors.New("sqlrepo: there is no dialect")
	}
	for _, name := range []string{n.schema, n.table, n.id, n.name, n.xml} {
		if strings.ContainsRune(name, 0) {
			return statements{}, fmt.Errorf("sqlrepo: %q cannot name anything", name)
		}
	}
	table, master := d.quote(n.table), "sqlite_master"
	if n.schema != "" {
		table, master = d.quote(n.schema)+"."+table, d.quote(n.schema)+"."+master
	}
	spell := strings.NewReplacer("{t}", table, "{id}", d.quote(n.id), "{name}", d.quote(n.name), "{xml}", d.quote(n.xml),
		"{pk}", d.quote("PK_"+n.table), "{schema}", d.quote(n.schema), "{schema'}", d.literal(n.schema), "{t'}", d.literal(table),
		"{table'}", d.literal(n.table), "{master}", master, "{1}", d.parameter(1), "{2}", d.parameter(2), "{length}", d.length()).Replace
	s := statements{
		list:   spell("SELECT {id}, {name}, {xml} FROM {t} ORDER BY {id}"),
		known:  spell("SELECT {name}, {length}({xml}) FROM {t}"),
		insert: spell("INSERT INTO {t} ({name}, {xml}) VALUES ({1}, {2})"),
		update: spell("UPDATE {t} SET {xml} = {1} WHERE {id} = {2}"),
		remove: spell("DELETE FROM {t} WHERE {id} = {1}"),
		print:  spell(d.print()),
		exists: spell(d.exists(n.schema != "")),
	}
	if n.schema != "" && d == SQLServer {
		s.create = append(s.create, spell("IF SCHEMA_ID({schema'}) IS NULL EXEC("+d.literal("CREATE SCHEMA "+d.quote(n.schema))+")"))
	}
	if n.schema != "" && d == PostgreSQL {
		// CREATE … IF NOT EXISTS wants the right to make it even if it is there.
		s.create = append(s.create, spell("DO $do$BEGIN IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = {schema'}) THEN CREATE SCHEMA {schema}; END IF; END$do$"))
	}
	s.create = append(s.create, spell(d.create()))
	return s, nil
}

func (d Dialect) parameter(n int) string {
	switch d {
	case PostgreSQL:
		return fmt.Sprintf("$%d", n)
	case SQLServer:
		return fmt.Sprintf("@p%d", n)
	}
	return "?"
}

// length is a function that is zero for the empty string and for no other: there
// are databases where a blank is equal to nothing.
func (d Dialect) length() string {
	if d == SQLServer {
		return "DATALENGTH"
	}
	return "LENGTH"
}

// print is a statement for one short text that stands for the whole table: the
// number of rows, the highest id, and a hash of everything, all computed where
// the rows are. SQLite has no hash, and is where we are.
func (d Dialect) print() string {
	switch d {
	case PostgreSQL:
		return `SELECT concat(count(*), '-', max({id}), '-', encode(sha256(convert_to(string_agg(h, '' ORDER BY {id}), 'UTF8')), 'hex')) FROM (
  SELECT {id}, encode(sha256(convert_to(concat({id}, ':', length({name}), ':', {name}, ':', length({xml}), ':', {xml}), 'UTF8')), 'hex') AS h FROM {t}) AS r`
	case MySQL:
		// GROUP_CONCAT would be cut at a length that the server sets.
		return `SELECT CONCAT(COUNT(*), '-', COALESCE(MAX({id}), 0), '-', HEX(BIT_XOR(CAST(CONV(LEFT(h, 16), 16, 10) AS UNSIGNED))), '-', HEX(BIT_XOR(CAST(CONV(SUBSTRING(h, 17, 16), 16, 10) AS UNSIGNED)))) FROM (
  SELECT {id}, SHA2(CONCAT_WS(':', {id}, COALESCE(LENGTH({name}), '-'), COALESCE({name}, ''), COALESCE(LENGTH({xml}), '-'), COALESCE({xml}, '')), 256) AS h FROM {t}) AS r`
	case SQLServer:
		return `SELECT CONCAT(COUNT(*), '-', MAX({id}), '-', CONVERT(varchar(64), HASHBYTES('SHA2_256', STRING_AGG(CONVERT(varchar(max), h, 2), '') WITHIN GROUP (ORDER BY {id})), 2)) FROM (
  SELECT {id}, HASHBYTES('SHA2_256', CONCAT(CONVERT(nvarchar(max), {id}), N':', DATALENGTH({name}), N':', {name}, N':', DATALENGTH({xml}), N':', {xml})) AS h FROM {t}) AS r`
	}
	return ""
}

// exists is a statement for 1 or 0.
func (d Dialect) exists(inSchema bool) string {
	switch {
	case d == PostgreSQL:
		return `SELECT CASE WHEN to_regclass({t'}) IS NULL THEN 0 ELSE 1 END`
	case d == SQLServer:
		return `SELECT CASE WHEN OBJECT_ID({t'}) IS NULL THEN 0 ELSE 1 END`
	case d == SQLite:
		return `SELECT COUNT(*) FROM {master} WHERE type IN ('table', 'view') AND name = {table'} COLLATE NOCASE`
	case inSchema:
		return `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = {schema'} AND table_name = {table'}`
	}
	return `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = {table'}`
}

// create is what Entity Framework Core's migrations make, if it is not there.
func (d Dialect) create() string {
	switch d {
	case PostgreSQL:
		return `DO $do$BEGIN IF to_regclass({t'}) IS NULL THEN
  CREATE TABLE {t} ({id} integer GENERATED BY DEFAULT AS IDENTITY, {name} text, {xml} text, CONSTRAINT {pk} PRIMARY KEY ({id}));
END IF; END$do$`
	case MySQL:
		return `CREATE TABLE IF NOT EXISTS {t} ({id} int NOT NULL AUTO_INCREMENT, {name} longtext CHARACTER SET utf8mb4 NULL, {xml} longtext CHARACTER SET utf8mb4 NULL, CONSTRAINT {pk} PRIMARY KEY ({id})) CHARACTER SET=utf8mb4`
	case SQLServer:
		return `IF OBJECT_ID({t'}) IS NULL CREATE TABLE {t} ({id} int NOT NULL IDENTITY, {name} nvarchar(max) NULL, {xml} nvarchar(max) NULL, CONSTRAINT {pk} PRIMARY KEY ({id}))`
	}
	return `CREATE TABLE IF NOT EXISTS {t} ({id} INTEGER NOT NULL CONSTRAINT {pk} PRIMARY KEY AUTOINCREMENT, {name} TEXT NULL, {xml} TEXT NULL)`
}
