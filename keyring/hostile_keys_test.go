package keyring_test

import "strings"

// hostileFiles are documents as a whole (a store of files would refuse some of
// them before we see them).
var hostileFiles = []hostileDocument{
	{name: "nothing", new: "", want: loadFails},
	{name: "only a byte order mark", new: "\ufeff", want: loadFails},
	{name: "plain text", new: "key", want: loadFails},
	{name: "cut short", in: keyXML, old: "</key>", new: "", want: loadFails},
	{name: "two roots", new: keyXML + "<key />", want: loadFails},
	{name: "text behind the root", new: keyXML + "x", want: loadFails},
	{name: "blank before the declaration", new: ` <?xml version="1.0"?>` + keyXML, want: loadFails},
	{name: "XML 1.1", new: `<?xml version="1.1"?>` + keyXML, want: loadFails},
	{name: "not UTF-8", in: keyXML, old: "</key>", new: "\xff</key>", want: loadFails},
	{name: "control character", in: keyXML, old: "</key>", new: "\x01</key>", want: loadFails},
	{name: "reference to a control character", in: keyXML, old: "</key>", new: "&#1;</key>", want: loadFails},
	{name: "undefined entity", in: keyXML, old: otherKeyID, new: "&x;", want: loadFails},
	{name: "undeclared prefix", in: keyXML, old: "<masterKey>", new: "<masterKey p:a=''>", want: loadFails},
	{name: "attribute twice", in: keyXML, old: `version="1"`, new: `version="1" version="1"`, want: loadFails},
	{name: "document type", new: "<!DOCTYPE key>" + keyXML, want: loadFails, dotnet: usable},
	{name: "entity for the id", new: `<!DOCTYPE key [<!ENTITY x "` + otherKeyID + `">]>` + strings.Replace(keyXML, otherKeyID, "&x;", 1), want: loadFails, dotnet: usable},
	{name: "64 levels", new: strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64), want: ignored},
	{name: "65 levels", new: strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65), want: loadFails, dotnet: ignored},

	{name: "declaration, byte order mark, comments", new: "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- a --><?pi?>" + keyXML + "<!-- b -->", want: usable},
	{name: "another root", new: "<html />", want: ignored},
	{name: "a root in upper case", new: "<Key />", want: ignored},
	{name: "key in a namespace", in: keyXML, old: "<key", new: `<key xmlns="urn:x"`, want: ignored},
	{name: "key in a namespace by prefix", new: `<p:key xmlns:p="urn:x" />`, want: ignored},
	{name: "revocation in a namespace", in: revocationXML, old: "<revocation", new: `<revocation xmlns="urn:x"`, want: ignored},
	{name: "key in the namespace of nothing", in: keyXML, old: "<key", new: `<key xmlns=""`, want: usable},
}

// hostileKeys are keys whose outer element is odd.
var hostileKeys = []hostileDocument{
	{name: "as it should be", in: keyXML, want: usable},
	{name: "id of another key", in: keyXML, old: otherKeyID, new: goodKeyID, want: loadFails},
	{name: "id of another key, spelled otherwise", in: keyXML, old: otherKeyID, new: " {11111111-2222-4333-8444-555555555555}", want: loadFails},
	{name: "no id", in: keyXML, old: `id="` + otherKeyID + `"`, want: skipped},
	{name: "empty id", in: keyXML, old: otherKeyID, new: "", want: skipped},
	{name: "id that is none", in: keyXML, old: otherKeyID, new: "aaaaaaaa", want: skipped},
	{name: "id in a namespace", in: keyXML, old: `id=`, new: `xmlns:p="urn:x" p:id=`, want: skipped},
	{name: "id in upper case", in: keyXML, old: otherKeyID, new: strings.ToUpper(otherKeyID), want: usable},
	{name: "id in parentheses, with blanks", in: keyXML, old: otherKeyID, new: " (" + otherKeyID + ")\n", want: usable},
	{name: "id without dashes", in: keyXML, old: otherKeyID, new: strings.ReplaceAll(otherKeyID, "-", ""), want: usable},
	{name: "id in .NET's form X", in: keyXML, old: otherKeyID, new: "{0xaaaaaaaa,0xbbbb,0x4ccc,{0x8d,0xdd,0xee,0xee,0xee,0xee,0xee,0xee}}", want: skipped, dotnet: usable},

	{name: "no version", in: keyXML, old: ` version="1"`, want: usable},
	{name: "version 2", in: keyXML, old: `version="1"`, new: `version="2"`, want: usable},
	{name: "unknown child and text", in: keyXML, old: "<activationDate>", new: "text<more />&amp;<activationDate>", want: usable},

	{name: "no creation date", in: keyXML, old: "creationDate>2026-01-02T03:04:05.6Z</creationDate", new: "x></x", want: skipped},
	{name: "no activation date", in: keyXML, old: "activationDate>2026-01-03T03:04:05Z</activationDate", new: "x></x", want: skipped},
	{name: "no expiration date", in: keyXML, old: "expirationDate>2099-01-02T03:04:05Z</expirationDate", new: "x></x", want: skipped},
	{name: "creation date in a namespace", in: keyXML, old: "<creationDate>", new: `<creationDate xmlns="urn:x">`, want: skipped},
	{name: "two creation dates, the second malformed", in: keyXML, old: "</creationDate>", new: "</creationDate><creationDate>x</creationDate>", want: usable},
	{name: "two creation dates, the first malformed", in: keyXML, old: "<creationDate>", new: "<creationDate>x</creationDate><creationDate>", want: skipped},
	{name: "date in pieces", in: keyXML, old: "2026-01-02", new: "2026<!-- -->-01<![CDATA[-02]]>", want: usable},
	{name: "expiration before activation", in: keyXML, old: "2099", new: "1999", want: usable},

	{name: "empty date", in: keyXML, old: "2026-01-02T03:04:05.6Z", want: skipped},
	{name: "month 13", in: keyXML, old: "2026-01-02T", new: "2026-13-02T", want: skipped},
	{name: "30 February", in: keyXML, old: "2026-01-02T", new: "2026-02-30T", want: skipped},
	{name: "24 o'clock", in: keyXML, old: "03:04:05.6Z", new: "24:00:00Z", want: skipped},
	{name: "leap second", in: keyXML, old: "03:04:05.6Z", new: "23:59:60Z", want: skipped},
	{name: "blank instead of T", in: keyXML, old: "02T03", new: "02 03", want: skipped},
	{name: "lower case z", in: keyXML, old: "05.6Z", new: "05.6z", want: usable, dotnet: usable},
	{name: "year 10000", in: keyXML, old: "2026-01-02", new: "10000-01-02", want: skipped},
	{name: "negative year", in: keyXML, old: "2026-01-02", new: "-2026-01-02", want: skipped},
	{name: "offset of 15 hours", in: keyXML, old: "05.6Z", new: "05.6+15:00", want: skipped},
	{name: "no seconds", in: keyXML, old: "03:04:05.6Z", new: "03:04Z", want: skipped},
	{name: "offset of 14 hours, blanks", in: keyXML, old: "2026-01-02T03:04:05.6Z", new: "\n 2026-01-02T03:04:05.6-14:00 ", want: usable},
	{name: "no offset", in: keyXML, old: "05.6Z", new: "05.6", want: usable},
	{name: "nine decimals", in: keyXML, old: "05.6Z", new: "05.123456789Z", want: usable},
	{name: "a year", in: keyXML, old: "2026-01-02T03:04:05.6Z", new: "2026", want: skipped, dotnet: usable},
	{name: "a year and a month", in: keyXML, old: "2026-01-02T03:04:05.6Z", new: "2026-01", want: skipped, dotnet: usable},
	{name: "a day", in: keyXML, old: "2026-01-02T03:04:05.6Z", new: "2026-01-02Z", want: skipped, dotnet: usable},
	{name: "a day of every year", in: keyXML, old: "2026-01-02T03:04:05.6Z", new: "--01-02", want: skipped, dotnet: usable},
	{name: "a time of every day", in: keyXML, old: "2026-01-02T03:04:05.6Z", new: "03:04:05Z", want: skipped, dotnet: usable},
}

// hostileRevocations are records that should revoke the good key, or another.
var hostileRevocations = []hostileDocument{
	{name: "revocation as it should be", in: revocationXML, want: revokes},
	{name: "revocation of an absent key", in: revocationXML, old: goodKeyID, new: otherKeyID, want: ignored},
	{name: "revocation with the id spelled otherwise", in: revocationXML, old: goodKeyID, new: " {11111111222243338444555555555555}", want: loadFails},
	{name: "revocation with the id in braces", in: revocationXML, old: goodKeyID, new: " {" + goodKeyID + "}\t", want: revokes},
	{name: "revocation without version", in: revocationXML, old: ` version="1"`, want: revokes},
	{name: "revocation without date", in: revocationXML, old: "revocationDate>2026-02-03T00:00:00Z</revocationDate", new: "x></x", want: revokes},
	{name: "revocation with a malformed date", in: revocationXML, old: "2026-02-03T00:00:00Z", new: "yesterday", want: revokes},
	{name: "revocation without reason", in: revocationXML, old: "<reason>lost</reason>", want: revokes},
	{name: "revocation of two keys, the good one second", in: revocationXML, old: "<key", new: `<key id="` + otherKeyID + `" /><key`, want: ignored},
	{name: "revocation without key", in: revocationXML, old: "<key", new: "<clef", want: loadFails},
	{name: "revocation with a key in a namespace", in: revocationXML, old: "<key", new: `<key xmlns="urn:x"`, want: loadFails},
	{name: "revocation without id", in: revocationXML, old: "id=", new: "ID=", want: loadFails},
	{name: "revocation with an empty id", in: revocationXML, old: goodKeyID, new: "", want: loadFails},
	{name: "revocation with a malformed id", in: revocationXML, old: goodKeyID, new: goodKeyID + "0", want: loadFails},
	{name: "revocation of * in blanks", in: massRevocationXML, old: `"*"`, new: `" * "`, want: loadFails},

	{name: "mass revocation", in: massRevocationXML, want: revokes},
	{name: "mass revocation of before the key was made", in: massRevocationXML, old: "2026-02-03", new: "2026-01-02", want: ignored},
	{name: "mass revocation of when the key was made", in: massRevocationXML, old: "2026-02-03T00:00:00Z", new: "2026-01-02T03:04:05.6Z", want: ignored},
	{name: "mass revocation of 100 ns after", in: massRevocationXML, old: "2026-02-03T00:00:00Z", new: "2026-01-02T05:04:05.6000001+02:00", want: revokes},
	{name: "mass revocation without date", in: massRevocationXML, old: "revocationDate>2026-02-03T00:00:00Z</revocationDate", new: "x></x", want: loadFails},
	{name: "mass revocation with a malformed date", in: massRevocationXML, old: "2026-02-03T00:00:00Z", new: "yesterday", want: loadFails},
	{name: "mass revocation dated a year", in: massRevocationXML, old: "2026-02-03T00:00:00Z", new: "2027", want: loadFails, dotnet: revokes},
}
