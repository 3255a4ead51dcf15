package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"keyctl": func() {
		p := newProgram()
		// What the tests run on is no affair of theirs.
		p.fileSystem, p.ownLayer = func(string) string { return "" }, func(string) string { return "" }
		os.Exit(p.run(context.Background(), os.Args[1:]))
	}})
}

// TestScripts holds keyctl to its contract, as a process among others. The
// scripts have a condition of their own, [root], and these commands:
//
//	exits STATUS PROGRAM ARG…        runs a program that must end with that status
//	[!] jsonq FILE PATH VALUE        a field such as 0.state or deleted.len, the last being a length
//	jsonenv FILE PATH NAME           puts the field into an environment variable
//	key DIR ID CREATED ACTIVATES EXPIRES [ENCRYPTION [VALIDATION]]
//	                                 writes a key that only its owner can read
//	keys DIR N                       writes N keys
//	commands DOCUMENT NAME           writes the document's sh blocks to NAME1, NAME2, …
//	record DIR FILE                  writes down all there is in DIR, to be compared
//	await FILE REGEXP                waits until the file has a line that matches
//	cert FILE KEY SUBJECT FROM UNTIL [pfx PASSWORD | public]
//	                                 writes a certificate over a recorded key (rsa2048, other3072, ec256)
//	vector NAME DIR                  writes a recorded cookie: see cmdVector
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "")
			env.Setenv("KEYCTL_DIR", "")
			env.Setenv("DATAPROTECTION_READ_ONLY", "")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or each process sleeps a second
			env.Setenv("BADUTF8", "a\xff")
			env.Setenv("EVIL", "\x1b[31mred\u009b")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("no condition %s", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   cmdExits,
			"jsonq":   cmdJSONQ,
			"jsonenv": cmdJSONEnv,
			"key":     cmdKey,
			"record":  cmdRecord,
			"await":   cmdAwait,
			"cert":    cmdCert,
			"keys":    cmdKeys,

			"commands": cmdCommands,
			"vector":   cmdVector,
		},
	})
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG…")
	}
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if fmt.Sprint(status) != args[0] {
		ts.Fatalf("exit status %d, want %s", status, args[0])
	}
}

// jsonField returns a string as it is, anything else as JSON.
func jsonField(ts *testscript.TestScript, file, path string) string {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &v))
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			field, ok := at[step]
			if !ok {
				ts.Fatalf("%s: no field %s", path, step)
			}
			v = field
		case []any:
			if step == "len" {
				return fmt.Sprint(len(at))
			}
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				ts.Fatalf("%s: no element %s of %d", path, step, len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("%s: no %s in %v", path, step, v)
		}
	}
	if text, ok := v.(string); ok {
		return text
	}
	data, err := json.Marshal(v)
	ts.Check(err)
	return string(data)
}

func cmdJSONQ(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] jsonq FILE PATH VALUE")
	}
	if got := jsonField(ts, args[0], args[1]); (got == args[2]) == neg {
		ts.Fatalf("%s is %q", args[1], got)
	}
}

func cmdJSONEnv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: jsonenv FILE PATH NAME")
	}
	ts.Setenv(args[2], jsonField(ts, args[0], args[1]))
}

func cmdKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 || len(args) > 7 {
		ts.Fatalf("usage: key DIR ID CREATED ACTIVATES EXPIRES [ENCRYPTION [VALIDATION]]")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "key-"+args[1]+".xml"), keyXML(args[1:]...), 0o600))
}

// keyXML is a key of fixed secret: id, three dates, and maybe algorithms.
func keyXML(args ...string) []byte {
	encryption, validation := "AES_256_CBC", `<validation algorithm="HMACSHA256" />`
	if len(args) > 4 {
		encryption, validation = args[4], ""
	}
	if len(args) > 5 {
		validation = `<validation algorithm="` + args[5] + `" />`
	}
	secret := base64.StdEncoding.EncodeToString(make([]byte, 64))
	return fmt.Appendf(nil, `<key id="%s" version="1"><creationDate>%s</creationDate><activationDate>%s</activationDate>`+
		`<expirationDate>%s</expirationDate><descriptor deserializerType="Microsoft.AspNetCore.DataProtection.`+
		`AuthenticatedEncryption.ConfigurationModel.AuthenticatedEncryptorDescriptorDeserializer, Microsoft.AspNetCore.DataProtection">`+
		`<descriptor><encryption algorithm="%s" />%s<masterKey><value>%s</value></masterKey></descriptor></descriptor></key>`,
		args[0], args[1], args[2], args[3], encryption, validation, secret)
}

func cmdRecord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: record DIR FILE")
	}
	var lines []string
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var data []byte
		if info.Mode().IsRegular() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		lines = append(lines, fmt.Sprintf("%s %v %v %x", path, info.Mode(), info.ModTime(), sha256.Sum256(data)))
		return nil
	}))
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(lines, "\n")), 0o600))
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	const patience = 30 * time.Second
	var text []byte
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if text, _ = os.ReadFile(ts.MkAbs(args[0])); want.Match(text) {
			return
		}
	}
	ts.Fatalf("no line of %s matches %s in %v:\n%s", args[0], args[1], patience, text)
}
