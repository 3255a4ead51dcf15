package xmlrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"
)

func TestDirReadsWhatDotNetReads(t *testing.T) {
	d := openDir(t)
	utf16le := "\xff\xfe"
	for _, u := range utf16.Encode([]rune("<?xml version=\"1.0\" encoding=\"utf-16\"?><k>ü鍵🔑</k>")) {
		utf16le += string([]byte{byte(u), byte(u >> 8)})
	}
	want := map[string]string{}
	for _, f := range []struct{ name, content, element, xml string }{
		{".e.xml", "<k />", ".e", "<k />"},
		{".xml", "<k />", "", "<k />"},
		{"bare.xml", "<k/>", "bare", "<k />"},
		{"dotnet.xml", "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<k>\n  <v />\n</k>", "dotnet", "<k><v /></k>"},
		{"html.xml", "<html/>", "html", "<html />"},
		{"latin.xml", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><k>\xfc</k>", "latin", "<k>ü</k>"},
		{"pi.xml", "<?a b?><!-- c --><k/><?d e?>", "pi", "<k />"},
		{"space.xml", " \r\n\t<k/>\n", "space", "<k />"},
		{"two words é.xml", "<k/>", "two words é", "<k />"},
		{"utf16.xml", utf16le, "utf16", "<k>ü鍵🔑</k>"},
	} {
		write(t, d, f.name, f.content)
		want[f.element] = f.xml
	}
	for _, name := range []string{"c.xml.bak", "d.tmp", "f.xmlx", "xml", "sub/key.xml", newTemp()} {
		write(t, d, name, "no element")
	}
	list, err := d.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, e := range list {
		if xml, ok := want[e.Name]; !ok || string(e.XML) != xml {
			t.Errorf("element %q = %s, want %s", e.Name, e.XML, xml)
		}
		if wantLoc := filepath.Join(d.path, e.Name+".xml"); e.Location != wantLoc {
			t.Errorf("location %s, want %s", e.Location, wantLoc)
		}
		if e.Location <= last {
			t.Errorf("%s comes after %s, want them ordered by file name", e.Location, last)
		}
		last = e.Location
	}
	if len(list) != len(want) {
		t.Errorf("%d elements, want %d", len(list), len(want))
	}
}

func TestDirRefusesMalformedFiles(t *testing.T) {
	for name, content := range map[string]string{
		"empty":                 "",
		"bom only":              "\ufeff",
		"plain text":            "hello",
		"truncated":             "<key><creationDate>2026-",
		"two roots":             "<k/><k/>",
		"text after the root":   "<k/>text",
		"blank before the decl": " <?xml version=\"1.0\"?><k/>",
		"xml 1.1":               "<?xml version=\"1.1\"?><k/>",
		"invalid utf-8":         "<k>\xff</k>",
		"control character":     "<k>\x01</k>",
		"control reference":     "<k>&#1;</k>",
		"doctype":               "<!DOCTYPE k><k/>",
		"internal entity":       "<!DOCTYPE k [<!ENTITY e \"v\">]><k id=\"&e;\"/>",
		"billion laughs":        "<!DOCTYPE k [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><k>&b;</k>",
		"external subset":       "<!DOCTYPE k SYSTEM \"file:///etc/passwd\"><k/>",
		"doctype, other root":   "<!DOCTYPE html><html/>",
		"undefined entity":      "<k>&nbsp;</k>",
		"deep":                  strings.Repeat("<k>", 65) + strings.Repeat("</k>", 65),
		"nul":                   "\x00\x00\x00\x00",
		"unknown encoding":      "<?xml version=\"1.0\" encoding=\"ebcdic\"?><k/>",
	} {
		t.Run(name, func(t *testing.T) {
			d := openDir(t)
			write(t, d, "a.xml", "<k/>")
			write(t, d, "b.xml", content)
			write(t, d, "c.xml", "<k/>")
			list, err := d.Elements(t.Context())
			if list != nil {
				t.Errorf("an error and %d elements", len(list))
			}
			wantFault(t, err, filepath.Join(d.path, "b.xml"))
		})
	}
}

// The error is that of the first bad file by name, however many there are and
// in whatever order they are read.
func TestDirNamesTheFirstFault(t *testing.T) {
	d := openDir(t)
	for _, name := range []string{"a.xml", "b.xml", "c.xml"} {
		write(t, d, name, "<k/>")
	}
	for _, name := range []string{"d.xml", "e.xml", "f.xml", "g.xml"} {
		if err := os.Mkdir(filepath.Join(d.path, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		_, err := d.Elements(t.Context())
		wantFault(t, err, filepath.Join(d.path, "d.xml"))
	}
}

func TestDirLimits(t *testing.T) {
	t.Run("defaults", func(t *testing.T) {
		if got, want := openDir(t).limits, (limits{1 << 20, 100_000, 256 << 20}); got != want {
			t.Errorf("limits %+v, want %+v", got, want)
		}
	})
	t.Run("file", func(t *testing.T) {
		d := openDir(t)
		d.limits.file = 100
		write(t, d, "a.xml", "<k>"+strings.Repeat("x", 100-7)+"</k>")
		wantNames(t, d, "a")
		write(t, d, "b.xml", "<k>"+strings.Repeat("x", 101-7)+"</k>")
		_, err := d.Elements(t.Context())
		wantFault(t, err, filepath.Join(d.path, "b.xml"))
	})
	t.Run("one MiB", func(t *testing.T) {
		d := openDir(t)
		write(t, d, "a.xml", "<k>"+strings.Repeat("x", 1<<20-7)+"</k>")
		wantNames(t, d, "a")
		write(t, d, "b.xml", "<k>"+strings.Repeat("x", 1<<20-6)+"</k>")
		_, err := d.Elements(t.Context())
		wantFault(t, err, filepath.Join(d.path, "b.xml"))
	})
	t.Run("files", func(t *testing.T) {
		d := openDir(t)
		d.limits.files = 2
		write(t, d, "a.xml", "<k/>")
		write(t, d, "b.xml", "<k/>")
		write(t, d, "other", "<k/>")
		wantNames(t, d, "a", "b")
		write(t, d, "c.xml", "<k/>")
		_, err := d.Elements(t.Context())
		wantFault(t, err, d.path)
	})
	t.Run("total", func(t *testing.T) {
		d := openDir(t)
		d.limits.total = 8
		write(t, d, "a.xml", "<k/>")
		write(t, d, "b.xml", "<k/>")
		wantNames(t, d, "a", "b")
		write(t, d, "c.xml", "<k/>")
		_, err := d.Elements(t.Context())
		wantFault(t, err, d.path)
	})
}

func TestDirWaitsForAHalfWrittenFile(t *testing.T) {
	patient := func(t *testing.T) *Dir {
		d, err := NewDir(t.TempDir(), DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, "a.xml", "<k/>")
		write(t, d, "b.xml", "<k><cre")
		return d
	}
	t.Run("finished in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := patient(t)
			go func() {
				time.Sleep(900 * time.Millisecond)
				write(t, d, "b.xml", "<k><creationDate/></k>")
				write(t, d, "c.xml", "<k/>")
			}()
			wantNames(t, d, "a", "b", "c") // as the directory is in the end
		})
	})
	t.Run("deleted in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := patient(t)
			go func() {
				time.Sleep(500 * time.Millisecond)
				os.Remove(filepath.Join(d.path, "b.xml"))
			}()
			wantNames(t, d, "a")
		})
	})
	t.Run("renamed in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := patient(t)
			go func() {
				time.Sleep(500 * time.Millisecond)
				write(t, d, "b.xml", "<k/>")
				os.Rename(filepath.Join(d.path, "a.xml"), filepath.Join(d.path, "z.xml"))
			}()
			wantNames(t, d, "b", "z")
		})
	})
	t.Run("directory replaced", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := patient(t)
			go func() {
				time.Sleep(500 * time.Millisecond)
				os.Rename(d.path, d.path+".old")
				write(t, d, "a.xml", "<new/>")
			}()
			list, err := d.Elements(t.Context())
			if err != nil || len(list) != 1 || string(list[0].XML) != "<new />" {
				t.Errorf("elements %v, error %v; want those of the new directory only", list, err)
			}
		})
	})
	t.Run("never finished", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := patient(t)
			start := time.Now()
			_, err := d.Elements(t.Context())
			wantFault(t, err, filepath.Join(d.path, "b.xml"))
			if waited := time.Since(start); waited != time.Second {
				t.Errorf("waited %v, want 1s", waited)
			}
		})
	})
	t.Run("context done", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := patient(t)
			ctx, cancel := context.WithTimeout(t.Context(), 333*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := d.Elements(ctx)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want context.DeadlineExceeded", err)
			}
			wantFault(t, err, filepath.Join(d.path, "b.xml")) // what it waited for
			if waited := time.Since(start); waited != 333*time.Millisecond {
				t.Errorf("returned after %v, want at once", waited)
			}
		})
	})
}

// Files that come and go while others are read are the business of .NET's key
// deletion, and no error.
func TestDirToleratesVanishingFiles(t *testing.T) {
	d := openDir(t)
	d.waits = make([]time.Duration, 8)
	write(t, d, "stays.xml", "<k/>")
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			for _, c := range "abcdefgh" {
				os.WriteFile(filepath.Join(d.path, "~new"), []byte("<k/>"), 0o600)
				os.Rename(filepath.Join(d.path, "~new"), filepath.Join(d.path, string(c)+".xml"))
			}
			for _, c := range "abcdefgh" {
				os.Remove(filepath.Join(d.path, string(c)+".xml"))
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for range 500 {
		list := names(t, d)
		if len(list) == 0 || list[len(list)-1] != "stays" {
			t.Fatalf("elements %q, want the one that stays among them", list)
		}
	}
	close(stop)
	<-done
}

// A file that was listed and is not there any more gets another look at the
// directory, and is left out only if that does not show it.
func TestDirReadsAgainWhenAFileIsGone(t *testing.T) {
	d := openDir(t)
	write(t, d, "a.xml", "<k/>")
	root, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	outcomes, err := d.readAll(t.Context(), root, []entry{{name: "a.xml"}, {name: "gone.xml"}}, nil)
	if err != nil || outcomes[0].err != nil {
		t.Fatal(err, outcomes)
	}
	if outcomes[1].err == nil || !outcomes[1].passing {
		t.Errorf("outcome %+v of a file that is gone, want an error that may pass", outcomes[1])
	}
}
