package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// program is one run of keyctl and the world around it.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	isTerminal     func(stream any) bool
	fileSystem     func(path string) string // see fileSystem
	ownLayer       func(path string) string // see ownLayer

	start      time.Time // what "now" means on the command line
	understood bool      // the command line, so that a command has begun

	dir         string // --dir
	store       string // --store
	createTable bool   // --create-table
	json        bool   // -o json
	closing     []func()

	certificates certificates
	unencrypted  bool // create --unencrypted
}

const rootHelp = `keyctl manages an ASP.NET Core Data Protection key ring: the keys and
revocations that .NET and Go programs share.

It lies in the directory --dir, or in the store --store, which may also be Redis or
a SQL database (keyctl help stores); else where $KEYCTL_DIR or $KEYCTL_STORE says,
else in the directory that ASP.NET Core takes by itself
($HOME/.aspnet/DataProtection-Keys; on Windows
%LOCALAPPDATA%\ASP.NET\DataProtection-Keys).

Data goes to standard output, everything else to standard error. Exit status:
  0  done
  1  something failed
  2  the command line is wrong
  3  a check failed, or nothing suitable was found

Where keys are encrypted at rest, --certificate opens them and encrypts new ones.
Listing, revoking and deleting need none. ` + passwordVariable + ` has the
password of a PFX.

DATAPROTECTION_READ_ONLY, set to anything but 0, false, no and off, is for nodes
that only read: no command writes to a ring then, and protect makes no key.
NO_COLOR, set to anything, switches colours off.`

const rootExamples = `  keyctl list
  keyctl --dir /srv/keys create --activate now
  keyctl revoke 53404db5-0fc4-4712-94af-b80238fb7151 --reason "laptop stolen"
  printf secret | keyctl protect --app shop --purpose cart
  keyctl inspect < payload`

// run does what args say and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	p.start = p.now()
	defer func() {
		for _, do := range slices.Backward(p.closing) {
			do()
		}
	}()
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	f := asFailure(err, p.understood)
	if f.status == exitUsage && f.hint == "" {
		f.hint = fmt.Sprintf("see %s --help", cmd.CommandPath())
	}
	p.note("%s", plain(f.err))
	if f.hint != "" {
		p.note("hint: %s", f.hint)
	}
	return f.status
}

// rootCommand builds the command tree.
func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "keyctl COMMAND",
		Short:         "Manage an ASP.NET Core Data Protection key ring",
		Long:          rootHelp,
		Example:       rootExamples,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          p.unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(p.stderr)
			_ = cmd.Help()
			return usagef("no command")
		},
	}
	root.SetVersionTemplate("keyctl {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%w", err) })
	root.SetHelpCommand(p.helpCommand())
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetUsageTemplate(usageTemplate)
	flags := root.PersistentFlags()
	flags.Var(&value[string]{target: &p.dir, parse: parseDir, kind: "DIR"}, "dir",
		"key directory (default $KEYCTL_DIR, else ASP.NET's own)")
	flags.VarP(&value[bool]{target: &p.json, parse: parseOutput, kind: "text|json", text: "text"}, "output", "o",
		"how to print data")
	_ = root.MarkPersistentFlagDirname("dir")
	flags.Var(&value[string]{target: &p.store, parse: parseStoreFlag, kind: "URL"}, "store",
		"where the ring is, if not in a directory (default $KEYCTL_STORE)")
	completeStores(root, "store")
	p.certificateFlags(root)
	complete(root, "output", "text", "json")
	root.AddCommand(
		p.createCommand(), p.ensureCommand(), p.revokeCommand(), p.listCommand(), p.showCommand(), p.defaultCommand(), p.watchCommand(), p.doctorCommand(),
		p.deleteCommand(), p.protectCommand(), p.unprotectCommand(), p.inspectCommand(),
		p.rewrapCommand(), p.copyCommand(), p.certificateCommand(),
		p.completionCommand(), p.storesTopic(),
	)
	return root
}

// action makes a command of f: from here on, an error is no longer cobra's.
func (p *program) action(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.understood = true
		return p.loading(f)(cmd.Context(), args)
	}
}

// parseDir refuses the empty path: it comes from a variable that is not set,
// and must not lead to some other ring.
func parseDir(text string) (string, error) {
	if text == "" {
		return "", errors.New("the path is empty")
	}
	return text, nil
}

func parseOutput(text string) (bool, error) {
	if text != "text" && text != "json" {
		return false, errors.New(`want "text" or "json"`)
	}
	return text == "json", nil
}
