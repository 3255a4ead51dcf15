package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
)

// value is a flag whose text one function understands. A text that it does not
// is wrong usage, found before the command begins.
type value[T any] struct {
	target *T
	parse  func(string) (T, error)
	kind   string // what the help calls the value
	text   string
}

// Set is called by the parser of the command line.
func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return errors.New(plain(err))
	}
	*v.target, v.text = parsed, text
	return nil
}

func (v *value[T]) String() string { return v.text }

// Type is what the help calls the value.
func (v *value[T]) Type() string { return v.kind }

// timeFlag adds a flag that takes a T.
func (p *program) timeFlag(cmd *cobra.Command, target *time.Time, name, usage string) {
	parse := func(text string) (time.Time, error) { return parseTime(text, p.start) }
	cmd.Flags().Var(&value[time.Time]{target: target, parse: parse, kind: "T"}, name, usage)
	complete(cmd, name, "now", "+48h", "+7d", "-1d")
}

// period is a time from and to which something lasted.
type period struct {
	from, to time.Time
}

// periodFlag adds a flag that takes two T.
func (p *program) periodFlag(cmd *cobra.Command, target *period, name, usage string) {
	parse := func(text string) (period, error) {
		a, b, ok := strings.Cut(text, ",")
		if !ok {
			return period{}, errors.New("want two times and a comma between them, such as -30d,now")
		}
		from, err := parseTime(a, p.start)
		if err != nil {
			return period{}, err
		}
		to, err := parseTime(b, p.start)
		if err == nil && to.Before(from) {
			err = errors.New("the second time is before the first")
		}
		return period{from, to}, err
	}
	cmd.Flags().Var(&value[period]{target: target, parse: parse, kind: "A,B"}, name, usage)
	complete(cmd, name, "-7d,now", "-30d,now")
}

// lifetimeFlag adds a flag that takes a D greater than zero.
func lifetimeFlag(cmd *cobra.Command, target *time.Duration, name, usage string) {
	parse := func(text string) (time.Duration, error) {
		d, err := parseDuration(text)
		if err == nil && d == 0 {
			err = errors.New("a lifetime of nothing")
		}
		return d, err
	}
	cmd.Flags().Var(&value[time.Duration]{target: target, parse: parse, kind: "D"}, name, usage)
	complete(cmd, name, "90d", "365d")
}

// algorithmFlags adds --encryption and --validation.
func algorithmFlags(cmd *cobra.Command, target *keyring.Algorithms) {
	cmd.Flags().Var(&value[keyring.EncryptionAlgorithm]{target: &target.Encryption,
		parse: keyring.ParseEncryptionAlgorithm, kind: "NAME"}, "encryption",
		"AES_{128,192,256}_{CBC,GCM} (default AES_256_CBC)")
	cmd.Flags().Var(&value[keyring.ValidationAlgorithm]{target: &target.Validation,
		parse: parseNewValidation, kind: "NAME"}, "validation",
		"HMACSHA256 or HMACSHA512, not with GCM (default HMACSHA256)")
	var names []string
	for a := keyring.AES_128_CBC; a <= keyring.AES_256_GCM; a++ {
		names = append(names, a.String())
	}
	complete(cmd, "encryption", names...)
	complete(cmd, "validation", keyring.HMACSHA256.String(), keyring.HMACSHA512.String())
}

// checkAlgorithms refuses a combination that makes no sense.
func checkAlgorithms(a keyring.Algorithms) error {
	if a.Encryption.GCM() && a.Validation != 0 {
		return usagef("--validation is not for %v, which authenticates by itself", a.Encryption)
	}
	return nil
}

// parseNewValidation takes the algorithms that new keys may have: those that
// .NET knows by name.
func parseNewValidation(name string) (keyring.ValidationAlgorithm, error) {
	a, err := keyring.ParseValidationAlgorithm(name)
	if err == nil && a != keyring.HMACSHA256 && a != keyring.HMACSHA512 {
		return 0, fmt.Errorf("new keys take %v or %v", keyring.HMACSHA256, keyring.HMACSHA512)
	}
	return a, err
}

// parseName takes what names something.
func parseName(text string) (string, error) {
	switch {
	case text == "":
		return "", errors.New("it is empty")
	case !utf8.ValidString(text):
		return "", errors.New("it is not valid UTF-8")
	}
	return text, nil
}

// parseIDs reads the ids on the command line, each once, in order. They may be
// spelled in any way that ASP.NET accepts, but never shortened: what a prefix
// means changes with the ring.
func parseIDs(args []string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	seen := make(map[uuid.UUID]bool)
	for _, arg := range args {
		id, err := dotnet.ParseGUID(arg)
		if err != nil {
			return nil, usagef("%s is not a key id, which has 32 hexadecimal digits", quoted(arg))
		}
		if !seen[id] {
			ids = append(ids, id)
		}
		seen[id] = true
	}
	return ids, nil
}

// noArguments refuses what stands beside the flags.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %s", quoted(strings.Join(args, " ")))
	}
	return nil
}

// oneID wants one argument.
func oneID(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usagef("which key? Give its id")
	case 1:
		return nil
	}
	return usagef("one id at a time, not %d", len(args))
}
