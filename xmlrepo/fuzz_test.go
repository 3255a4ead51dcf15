package xmlrepo

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file holds, reading it gives an element or an error that names the
// file. What it gives can be stored, and comes back as it was.
func FuzzDirFile(f *testing.F) {
	for _, seed := range []string{
		"", "\ufeff", "<k/>", "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<key id=\"1\">\n  <v>text</v>\n  <x />\n</key>",
		"\xff\xfe<\x00k\x00/\x00>\x00", "\xfe\xff\x00<\x00k\x00/\x00>", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><k>\xfc</k>",
		"<k>a<!-- c --> b <?p i?>&lt;&#13;\r\n\t<![CDATA[<]]></k>", "<k a='&quot;&#10;' xml:space='preserve'> <v/> </k>",
		"<p:k xmlns:p='urn:a'><k xmlns='urn:b'/></p:k>", "<!DOCTYPE k><k/>", "<k/><k/>", strings.Repeat("<k>", 70),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		d := openDir(t)
		d.waits = nil
		write(t, d, "file.xml", string(content))
		list, err := d.Elements(t.Context())
		if err != nil {
			wantFault(t, err, filepath.Join(d.path, "file.xml"))
			return
		}
		for _, repo := range []Repository{openDir(t), NewMemory()} {
			if err := repo.Store(t.Context(), Element{Name: "copy", XML: list[0].XML}); err != nil {
				t.Fatalf("what was read, %q, cannot be stored: %v", list[0].XML, err)
			}
			again, err := repo.Elements(t.Context())
			if err != nil || !bytes.Equal(again[0].XML, list[0].XML) {
				t.Fatalf("%q came back as %v, error %v", list[0].XML, again, err)
			}
		}
	})
}
