package dotnettest_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
)

func TestParse(t *testing.T) {
	peer := dotnettest.Start(t, "TZ=Asia/Tokyo")

	dates, err := peer.ParseDates("2026-05-01T01:02:03.1234567+02:00", "2026-05-01T09:00:00", "yesterday")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 4, 30, 23, 2, 3, 123456700, time.UTC); !dates[0].Value.Equal(want) {
		t.Errorf("got %+v, want %v", dates[0], want)
	}
	if want := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC); !dates[1].Value.Equal(want) {
		t.Errorf("got %+v, want %v: TZ did not reach .NET", dates[1], want)
	}
	var thrown *dotnettest.Error
	if !errors.As(dates[2].Err, &thrown) || !thrown.Has("System.FormatException") {
		t.Errorf("got %+v", dates[2])
	}

	guids, err := peer.ParseGUIDs(" {53404DB5-0FC4-4712-94AF-B80238FB7151}", "53404db5")
	if err != nil {
		t.Fatal(err)
	}
	if guids[0].Value != "53404db5-0fc4-4712-94af-b80238fb7151" || guids[1].Err == nil {
		t.Errorf("got %+v", guids)
	}

	const space = "Microsoft.AspNetCore.DataProtection."
	types, err := peer.ResolveDeserializers(
		space+"AuthenticatedEncryption.ConfigurationModel.AuthenticatedEncryptorDescriptorDeserializer, Microsoft.AspNetCore.DataProtection, Version=2.2.0.0",
		space+"XmlEncryption.NullXmlDecryptor",
	)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(types[0].Value, ".AuthenticatedEncryptorDescriptorDeserializer") || types[1].Err == nil {
		t.Errorf("got %+v", types)
	}
	types, err = peer.ResolveDecryptors(space + "XmlEncryption.NullXmlDecryptor")
	if err != nil || types[0].Value != space+"XmlEncryption.NullXmlDecryptor" {
		t.Errorf("got %+v, %v", types, err)
	}
}

func TestPrintXML(t *testing.T) {
	printed, err := dotnettest.Start(t).PrintXML([]byte("<a>\n <b/></a>"), []byte("<a>"))
	if err != nil {
		t.Fatal(err)
	}
	want := dotnettest.Printed{
		Compact: "<a><b /></a>",
		File:    []byte("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a>\n  <b />\n</a>"),
	}
	if got := printed[0].Value; got.Compact != want.Compact || string(got.File) != string(want.File) {
		t.Errorf("got %q", got)
	}
	if printed[1].Err == nil {
		t.Error("half a document was printed")
	}
}

func TestKeysOf(t *testing.T) {
	peer := dotnettest.Start(t)
	dir := t.TempDir()
	key, err := peer.Open(dir, dotnettest.RingOptions{}).CreateKey(time.Now(), time.Now().AddDate(0, 3, 0))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "key-"+key.ID+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	lists, err := peer.KeysOf([][]byte{file}, [][]byte{file, file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := lists[0].Value; len(got) != 1 || got[0].ID != key.ID || !got[0].Usable {
		t.Errorf("got %+v", lists[0])
	}
	if lists[1].Err == nil || !strings.Contains(lists[1].Err.Error(), "already exists") {
		t.Errorf("got %+v", lists[1])
	}
	if lists[2].Err != nil || len(lists[2].Value) != 0 {
		t.Errorf("got %+v", lists[2])
	}
}

func TestBench(t *testing.T) {
	peer := dotnettest.Start(t)
	dir := t.TempDir()
	protector := peer.Open(dir, dotnettest.RingOptions{}).Protector("p")
	for _, operation := range []dotnettest.Operation{
		dotnettest.Protect, dotnettest.Unprotect, dotnettest.ProtectString, dotnettest.UnprotectString,
	} {
		speed, err := protector.Bench(operation, 256, 10*time.Millisecond, 10*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if speed.Operations == 0 || speed.Time < 10*time.Millisecond || speed.PerOp <= 0 || speed.BytesPerOp <= 0 {
			t.Errorf("%s: got %+v", operation, speed)
		}
	}
	cost, err := peer.BenchOpen(dir, dotnettest.RingOptions{})
	if err != nil || cost.Time <= 0 || cost.AllocatedBytes <= 0 {
		t.Errorf("got %+v, %v", cost, err)
	}
}
