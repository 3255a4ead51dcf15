package main

import (
	"errors"

	"github.com/spf13/cobra"
)

const storeHelp = `Every command works on every store. --store takes a directory, or a URL:

  file:///srv/keys
  redis://[user:password@]host[:6379][/db]    a list; rediss:// is over TLS
  postgres://user:password@host[:5432]/db     a table, here and in the next two
  mysql://user:password@host[:3306]/db        also MariaDB; ?socket=/path for a socket
  sqlite:///srv/ring.db
  env:NAME                                    one of these, in the variable NAME

They are the list and the table that ASP.NET Core has there by its packages
StackExchangeRedis and EntityFrameworkCore. Other names than theirs go behind a
question mark: key=, channel= for the list; table=, schema=, id_column=, name_column=,
xml_column= for the table. redis://…?addr=host:port, once or more, is a cluster; with
master_name=NAME as well, a server that sentinels name: host, port (mostly 26379), user
and password are theirs then, and the server's are username= and password=. All other
parameters are the driver's (sslmode=verify-full for PostgreSQL, tls=true for MySQL).

In a user's name or password write % @ : / ? # as %25 %40 %3A %2F %3F %23. Passwords
are never shown, but whoever may list the processes of this machine sees the command
line: use $KEYCTL_STORE or env:NAME. PostgreSQL's own variables and ~/.pgpass count.

A table is made with --create-table alone. A list begins with its first key.`

// storesTopic is a page of help without a command.
func (p *program) storesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "stores",
		Short: "What --store may be, and where the stores differ",
		Long:  storeHelp,
		Example: `  keyctl --store redis://keys.internal/0 list
  KEYCTL_STORE=postgres://shop:secret@db/shop keyctl doctor
  keyctl copy /srv/keys env:KEYCTL_STORE`,
	}
}

// parseStoreFlag refuses what is certainly a mistake. What is no store is refused
// later, because pflag would repeat it, password and all.
func parseStoreFlag(text string) (string, error) {
	if text == "" {
		return "", errors.New("it is empty")
	}
	return text, nil
}

func (p *program) createTableFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.createTable, "create-table", false, "in a SQL database: make the table, as Entity Framework would, if it is not there")
}

// completeStores makes the shell offer what a store begins with.
func completeStores(cmd *cobra.Command, flag string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, storePrefixes)
}

func storePrefixes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"redis://", "rediss://", "postgres://", "mysql://", "sqlite:///", "file:///", "env:"},
		cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}
