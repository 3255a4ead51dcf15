package xmldoc

import "github.com/beevik/etree"

// CompactDocument returns the root of a document as Compact prints it: Compact
// after Parse, with the same errors, but without a tree where none is needed.
func CompactDocument(data []byte) ([]byte, error) {
	plain := textSink{out: make([]byte, 0, len(data))}
	if scanPlain(data, &plain) {
		return plain.out, nil
	}
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	return Compact(root), nil
}

// textSink writes as Compact does.
type textSink struct{ out []byte }

func (s *textSink) start(name []byte) { s.out = append(append(s.out, '<'), name...) }

func (s *textSink) attribute(name, value []byte) {
	s.out = append(append(append(append(append(s.out, ' '), name...), `="`...), value...), '"')
}

func (s *textSink) content(empty bool) {
	if empty {
		s.out = append(s.out, ' ', '/')
	}
	s.out = append(s.out, '>')
}

func (s *textSink) text(text []byte) { s.out = append(s.out, text...) }

func (s *textSink) comment(text []byte) {
	s.out = append(append(append(s.out, "<!--"...), text...), "-->"...)
}

func (s *textSink) end(name []byte) {
	s.out = append(append(append(s.out, "</"...), name...), '>')
}

// treeSink builds the tree that Parse returns.
type treeSink struct{ root, top *etree.Element }

func (s *treeSink) start(name []byte) {
	if s.root == nil {
		s.root = etree.NewElement(string(name))
		s.top = s.root
	} else {
		s.top = s.top.CreateElement(string(name))
	}
}

func (s *treeSink) attribute(name, value []byte) { s.top.CreateAttr(string(name), string(value)) }

func (s *treeSink) content(empty bool) {
	if empty {
		s.top = s.top.Parent()
	}
}

func (s *treeSink) text(text []byte) { s.top.CreateText(string(text)) }

func (s *treeSink) comment(text []byte) { s.top.CreateComment(string(text)) }

func (s *treeSink) end([]byte) {
	if len(s.top.Child) == 0 {
		s.top.CreateText("") // tells <a></a> from <a />
	}
	s.top = s.top.Parent()
}
