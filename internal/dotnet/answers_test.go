package dotnet_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/testdata"
)

var record = flag.Bool("record", false, "ask .NET anew and rewrite testdata/answers.json")

// said is what .NET makes of a text: Value, or an exception.
type said struct {
	Text  string `json:"text"`
	Value string `json:"value,omitempty"` // a date in UTC, a GUID, the name of a class
	Error string `json:"error,omitempty"`
}

type answers struct {
	Dates      []said `json:"dates"`
	Guids      []said `json:"guids"`
	Decryptors []said `json:"decryptors"`

	Deserializers []said `json:"deserializers,omitempty"` // only in syntax.json
}

// TestReadsAsDotnetRecorded compares with answers recorded from .NET 9.0.7: to
// the questions that testdata/dotnet asks, and to random ones of our own.
func TestReadsAsDotnetRecorded(t *testing.T) {
	chosen, err := testdata.FS.ReadFile("vectors/recorded/syntax.json")
	if err != nil {
		t.Fatal(err)
	}
	random, err := os.ReadFile("testdata/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{chosen, random} {
		var a answers
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Dates) < 50 || len(a.Guids) < 20 || len(a.Decryptors) < 50 {
			t.Errorf("only %d dates, %d GUIDs, %d types", len(a.Dates), len(a.Guids), len(a.Decryptors))
		}
		compare(t, a)
	}
}

// TestReadsAsDotnetLive asks about texts nobody has seen before.
func TestReadsAsDotnetLive(t *testing.T) {
	peer := dotnettest.Start(t, "TZ=UTC")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	compare(t, ask(t, peer, seed, 3000))
}

func TestRecordAnswers(t *testing.T) {
	if !*record {
		t.Skip("recording needs .NET: go test -run RecordAnswers -record")
	}
	text, err := json.MarshalIndent(ask(t, dotnettest.Start(t, "TZ=UTC"), 1, 400), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/answers.json", append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, peer *dotnettest.Peer, seed uint64, n int) answers {
	t.Helper()
	texts := many(seed, n, date)
	dates, err := peer.ParseDates(texts...)
	if err != nil {
		t.Fatal(err)
	}
	var a answers
	for i, d := range dates {
		s := said{Text: texts[i], Error: exception(d.Err)}
		if d.Err == nil {
			s.Value = d.Value.UTC().Format(time.RFC3339Nano)
		}
		a.Dates = append(a.Dates, s)
	}
	collect := func(generate func() []string, parse func(...string) ([]dotnettest.Parsed[string], error)) []said {
		texts := generate()
		parsed, err := parse(texts...)
		if err != nil {
			t.Fatal(err)
		}
		var all []said
		for i, p := range parsed {
			all = append(all, said{texts[i], p.Value, exception(p.Err)})
		}
		return all
	}
	a.Guids = collect(func() []string { return many(seed, n, guid) }, peer.ParseGUIDs)
	a.Decryptors = collect(func() []string { return many(seed, n/4, typeName) }, peer.ResolveDecryptors)
	return a
}

func exception(err error) string {
	if err == nil {
		return ""
	}
	return err.(*dotnettest.Error).Chain[0].Type
}

func compare(t *testing.T, a answers) {
	t.Helper()
	for _, s := range a.Dates {
		got, err := dotnet.ParseDate(s.Text)
		switch {
		case s.Error != "" || beyondOurDates(s.Text):
			if err == nil {
				t.Errorf("date %q: %v; want an error", s.Text, got)
			}
		case err != nil:
			t.Errorf("date %q: %v; .NET: %s", s.Text, err, s.Value)
		default:
			if want, err := time.Parse(time.RFC3339, s.Value); err != nil || !got.Equal(want) || got.Location() != time.UTC {
				t.Errorf("date %q: %v; .NET: %s", s.Text, got, s.Value)
			}
		}
	}
	for _, s := range a.Guids {
		got, err := dotnet.ParseGUID(s.Text)
		switch {
		case s.Error != "" || strings.ContainsAny(s.Text, "xX+\u00a0"): // forms of .NET that ours refuses
			if err == nil {
				t.Errorf("GUID %q: %v; want an error", s.Text, got)
			}
		case err != nil || got.String() != s.Value:
			t.Errorf("GUID %q: %v, %v; .NET: %s", s.Text, got, err, s.Value)
		}
	}
	for _, s := range append(a.Decryptors, a.Deserializers...) {
		got, err := dotnet.ParseTypeName(s.Text)
		switch {
		case s.Error == "" && (err != nil || got != s.Value):
			t.Errorf("type %q: %q, %v; .NET: %s", s.Text, got, err, s.Value)
		case s.Error != "" && err == nil && instantiable[got] && !careless(s.Text):
			t.Errorf("type %q: %q; .NET: %s", s.Text, got, s.Error)
		}
	}
}

// beyondOurDates reports whether .NET may read a text that ours leaves alone: a
// shape of XML Schema other than dateTime, an offset of more than 59 minutes beside
// the hours.
func beyondOurDates(text string) bool {
	return !regexp.MustCompile(`^[ \t\r\n]*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)?[ \t\r\n]*$`).MatchString(text)
}

// instantiable are the classes that .NET can make on any platform, so that an
// exception says something about the name.
var instantiable = map[string]bool{
	"Microsoft.AspNetCore.DataProtection.XmlEncryption.NullXmlDecryptor":      true,
	"Microsoft.AspNetCore.DataProtection.XmlEncryption.EncryptedXmlDecryptor": true,

	"Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel.AuthenticatedEncryptorDescriptorDeserializer":        true,
	"Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption.ConfigurationModel.ManagedAuthenticatedEncryptorDescriptorDeserializer": true,
}

// careless reports whether .NET refuses a name for what ours does not look at:
// white space behind the class, and the assembly's version, culture and token.
func careless(text string) bool {
	class, rest, _ := strings.Cut(text, ",")
	_, properties, _ := strings.Cut(rest, ",")
	return strings.TrimRight(class, " \t") != class || properties != ""
}
