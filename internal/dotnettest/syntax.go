package dotnettest

import "time"

// Parsed is .NET's reading of one text.
type Parsed[T any] struct {
	Value T
	Err   error // an [*Error]; then Value is zero
}

// ParseDates reads each text as .NET reads a key's dates. A date without an
// offset is in the peer's local time: see TZ in [Start]'s env.
func (p *Peer) ParseDates(texts ...string) ([]Parsed[time.Time], error) {
	return parse[time.Time](p, "parseDates", texts)
}

// ParseGUIDs reads each text as .NET reads a key's id.
func (p *Peer) ParseGUIDs(texts ...string) ([]Parsed[string], error) {
	return parse[string](p, "parseGuids", texts)
}

// ResolveDeserializers gives the full class name that .NET makes of each
// deserializerType.
func (p *Peer) ResolveDeserializers(names ...string) ([]Parsed[string], error) {
	return parse[string](p, "resolveDeserializers", names)
}

// ResolveDecryptors gives the full class name that .NET makes of each
// decryptorType.
func (p *Peer) ResolveDecryptors(names ...string) ([]Parsed[string], error) {
	return parse[string](p, "resolveDecryptors", names)
}

// Printed is an XML element in the two spellings of .NET.
type Printed struct {
	Compact string // XElement.ToString(SaveOptions.DisableFormatting)
	File    []byte // what FileSystemXmlRepository writes
}

// PrintXML loads each document as FileSystemXmlRepository does, and prints it.
func (p *Peer) PrintXML(documents ...[]byte) ([]Parsed[Printed], error) {
	var answers []struct {
		Printed
		Error []Exception
	}
	if err := p.ask("printXml", map[string]any{"values": documents}, &answers); err != nil {
		return nil, err
	}
	printed := make([]Parsed[Printed], len(answers))
	for i, a := range answers {
		printed[i] = Parsed[Printed]{a.Printed, newError(a.Error)}
	}
	return printed, nil
}

// KeysOf lists the keys of many rings that lie in no directory, each given as
// its files' contents. The list of a ring that fails to load is nil.
func (p *Peer) KeysOf(rings ...[][]byte) ([]Parsed[[]Key], error) {
	var answers []struct {
		Keys  []Key
		Error []Exception
	}
	if err := p.ask("keysOfDocuments", map[string]any{"rings": rings}, &answers); err != nil {
		return nil, err
	}
	lists := make([]Parsed[[]Key], len(answers))
	for i, a := range answers {
		lists[i] = Parsed[[]Key]{a.Keys, newError(a.Error)}
	}
	return lists, nil
}

func parse[T any](p *Peer, command string, texts []string) ([]Parsed[T], error) {
	var answers []struct {
		Value T
		Error []Exception
	}
	if err := p.ask(command, map[string]any{"values": texts}, &answers); err != nil {
		return nil, err
	}
	parsed := make([]Parsed[T], len(answers))
	for i, a := range answers {
		parsed[i] = Parsed[T]{a.Value, newError(a.Error)}
	}
	return parsed, nil
}
