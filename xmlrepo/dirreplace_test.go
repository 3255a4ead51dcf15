package xmlrepo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dataprotection.example/internal/xmldoc"
)

// element returns the one element of that name.
func elementOf(t testing.TB, d *Dir, name string) Element {
	t.Helper()
	list, err := d.Elements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(e Element) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("no element %q", name)
	}
	return list[i]
}

// The new file is what Store would have written, under whatever name the old
// one had, and nothing is left beside it.
func TestDirReplaceFile(t *testing.T) {
	for _, name := range []string{"key-1", "a name of somebody's", ".hidden", "naïve"} {
		d := openDir(t)
		write(t, d, name+".xml", "<?xml version='1.0'?>\r\n<!-- by hand -->\r\n<a  x='1'/>")
		with := Element{Name: name, XML: []byte("<a><b>1</b></a>")}
		if err := d.Replace(t.Context(), elementOf(t, d, name), with); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(d.path, name+".xml"))
		if err != nil {
			t.Fatal(err)
		}
		el, err := xmldoc.Parse(with.XML)
		if err != nil {
			t.Fatal(err)
		}
		if want := string(xmldoc.File(el)); string(got) != want {
			t.Errorf("%q holds %q, want %q", name, got, want)
		}
		if left := files(t, d); len(left) != 1 {
			t.Errorf("the directory holds %q", left)
		}
	}
}

// What is not replaced stays as it is.
func TestDirReplaceRefuses(t *testing.T) {
	t.Run("a link", func(t *testing.T) {
		d := openDir(t)
		write(t, d, "data/key", "<a/>")
		link(t, d, "data/key", "key-1.xml")
		err := d.Replace(t.Context(), elementOf(t, d, "key-1"), Element{Name: "key-1", XML: []byte("<b />")})
		wantFault(t, err, filepath.Join(d.path, "key-1.xml"))
		if !strings.Contains(err.Error(), "symbolic link") {
			t.Error(err)
		}
		if e := elementOf(t, d, "key-1"); string(e.XML) != "<a />" {
			t.Errorf("the file holds %s", e.XML)
		}
	})
	t.Run("an element that would be too large", func(t *testing.T) {
		d := openDir(t)
		write(t, d, "key-1.xml", "<a/>")
		err := d.Replace(t.Context(), elementOf(t, d, "key-1"), Element{Name: "key-1", XML: []byte("<b>" + strings.Repeat("x", maxFileBytes-20) + "</b>")})
		wantFault(t, err, filepath.Join(d.path, "key-1.xml"))
		wantNames(t, d, "key-1")
	})
	t.Run("a file that has become something else", func(t *testing.T) {
		d := openDir(t)
		write(t, d, "key-1.xml", "<a/>")
		old := elementOf(t, d, "key-1")
		for _, content := range []string{"<c/>", "<a", ""} {
			write(t, d, "key-1.xml", content)
			err := d.Replace(t.Context(), old, Element{Name: "key-1", XML: []byte("<b />")})
			wantFault(t, err, filepath.Join(d.path, "key-1.xml"))
			if content == "<c/>" && !errors.Is(err, ErrChanged) {
				t.Errorf("got %v, want ErrChanged", err)
			}
			if got, err := os.ReadFile(filepath.Join(d.path, "key-1.xml")); err != nil || string(got) != content {
				t.Errorf("the file holds %q, %v", got, err)
			}
		}
	})
	t.Run("nothing", func(t *testing.T) {
		d, err := NewDir(filepath.Join(t.TempDir(), "absent"), DirOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e := Element{Name: "key-1", XML: []byte("<b />")}
		if err := d.Replace(t.Context(), e, e); !errors.Is(err, ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
		if _, err := os.Stat(d.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory was made: %v", err)
		}
	})
}
