// Package xmldoc reads and writes the XML of a key ring. It is the only XML
// parser and the only XML printer of this module; the tree in between is
// etree's.
//
// A ring is shared with .NET, so both ends follow System.Xml.Linq. Parse keeps
// what XElement.Load keeps: it drops white space between elements, tells <a/>
// from <a></a> (the latter has one empty text as its child) and text from CDATA.
// Compact and File print what XElement writes, byte for byte.
//
// A ring is also input that others can write. encoding/xml, which does the
// lexing here as it does in etree, forgives much: end tags of another name,
// undeclared prefixes, attributes given twice, text and more elements after the
// root, control characters in comments. Parse forgives nothing that .NET
// refuses, and refuses one thing that .NET takes: a document type. No writer of
// keys produces one, and without it there are no entities to expand and nothing
// to fetch.
//
// Whatever does not parse gives a *SyntaxError with a line and a column. It
// never repeats the text found there, which may be a key.
package xmldoc
