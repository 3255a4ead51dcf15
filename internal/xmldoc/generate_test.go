package xmldoc_test

import (
	"math/rand/v2"
	"strings"
)

// documents makes n documents, most of them well-formed, the same for the same
// seed.
func documents(seed uint64, n int) [][]byte {
	r := rand.New(rand.NewPCG(seed, 0))
	all := make([][]byte, n)
	for i := range all {
		g := generator{Rand: r}
		g.misc()
		g.element(0, []string{"", "xml"})
		g.misc()
		text := g.out.String()
		if r.IntN(4) == 0 {
			text = g.mutate(text)
		}
		all[i] = []byte(g.pick("", "", "", "\ufeff", "<?xml version=\"1.0\"?>", "<?xml version='1.0' encoding='UTF-8'?>\r\n") + text)
	}
	return all
}

type generator struct {
	*rand.Rand
	out strings.Builder
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g *generator) misc() {
	for g.IntN(4) == 0 {
		g.out.WriteString(g.pick("\n", "<!-- c -->", "<?p i?>", " \t\r\n"))
	}
}

// element writes one element; prefixes are those bound around it.
func (g *generator) element(depth int, prefixes []string) {
	attributes := make(map[string]string)
	var names []string
	add := func(name, value string) {
		if _, taken := attributes[name]; !taken {
			names = append(names, name)
		}
		attributes[name] = value
	}
	for g.IntN(3) == 0 {
		switch prefix := g.pick("", "p", "q", "r"); prefix {
		case "":
			add("xmlns", g.pick("", "u", "v", "&lt;w"))
		default:
			add("xmlns:"+prefix, g.pick("u", "v", "&lt;w"))
			prefixes = append(prefixes[:len(prefixes):len(prefixes)], prefix)
		}
	}
	for g.IntN(3) == 0 {
		add(g.name(prefixes, false), g.text(true))
	}
	if g.IntN(12) == 0 {
		add("xml:space", g.pick("preserve", "default", " preserve\n"))
	}
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })

	name := g.name(prefixes, true)
	g.out.WriteString("<" + name)
	for _, a := range names {
		quote := g.pick(`"`, `'`)
		other := map[string]string{`"`: "'", "'": `"`}[quote]
		g.out.WriteString(g.pick(" ", " ", "\n\t") + a + g.pick("=", "=", " = ") + quote + strings.ReplaceAll(attributes[a], quote, other) + quote)
	}
	if g.IntN(4) == 0 {
		g.out.WriteString(g.pick("/>", " />"))
		return
	}
	g.out.WriteString(g.pick(">", ">", " >"))
	for g.IntN(5) > 0 {
		g.content(depth, prefixes)
	}
	g.out.WriteString("</" + name + g.pick(">", ">", "\r>"))
}

func (g *generator) content(depth int, prefixes []string) {
	switch g.IntN(8) {
	case 0, 1, 2:
		if depth < 6 {
			g.element(depth+1, prefixes)
		}
	case 3:
		g.out.WriteString(g.text(false))
	case 4:
		g.out.WriteString("<!--" + g.pick("", " c ", "\r\n", "a-b", "é") + "-->")
	case 5:
		g.out.WriteString("<?" + g.pick("p", "p ", "p  x", "p\nx\r\ny", "p x ") + "?>")
	case 6:
		g.out.WriteString("<![CDATA[" + g.pick("", " ", "x", "<&>", "]]", "\r\n", "é") + "]]>")
	default:
		g.out.WriteString(g.pick(" ", "\n  ", "\r\n", "\t", "&#32;", "&#x9;", "&#13;"))
	}
}

func (g *generator) name(prefixes []string, element bool) string {
	prefix := prefixes[g.IntN(len(prefixes))]
	local := g.pick("a", "b", "c", "é")
	if prefix == "" || prefix == "xml" && element {
		return local
	}
	return prefix + ":" + local
}

func (g *generator) text(attribute bool) string {
	var b strings.Builder
	for range g.IntN(4) {
		b.WriteString(g.pick("x", " ", "\n", "\t", "\r", "\r\n", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#10;", "&#9;", "&#xD;", "&#xD;\n", "é", "\u0085", "😀", "&#x1F600;", "]]", "\ufeff", "'", `"`))
		if attribute {
			b.WriteString(g.pick("", ">"))
		}
	}
	return b.String()
}

// mutate changes, removes, adds or moves a character or two.
func (g *generator) mutate(s string) string {
	for range 1 + g.IntN(2) {
		if s == "" {
			return s
		}
		i, j := g.IntN(len(s)), g.IntN(len(s))
		switch c := g.pick("<", ">", "/", "&", ";", "#", "'", `"`, "=", ":", "-", "!", "?", "[", "]", " ", "x", "1", "\x01", "\xff", "p:", "&#xD800;", "<b>", "</a>", "xmlns"); g.IntN(4) {
		case 0:
			s = s[:i] + s[i+1:]
		case 1:
			s = s[:i] + c + s[i+1:]
		case 2:
			s = s[:i] + c + s[i:]
		default:
			i, j = min(i, j), max(i, j)
			s = s[:i] + s[j:]
		}
	}
	return s
}
