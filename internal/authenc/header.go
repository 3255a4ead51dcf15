package authenc

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
)

// checkValues are the parts of a context header that a cipher computes, in
// hexadecimal. Both use the sub-keys derived from an empty master key, with
// empty additional data and an empty context.
type checkValues struct {
	cipher string // CBC: the empty plaintext, padded, under a zero IV; GCM: the tag of nothing under a zero nonce
	mac    string // CBC: the HMAC of nothing
}

// contextHeaders are constants, not computed, because they never change and
// because an HMAC with an empty key is refused in strict FIPS mode. A test
// computes them all.
var contextHeaders = map[Suite]checkValues{
	{KeySize: 16, Hash: SHA1}: {
		"0b451c564e6c98d86ba0e2a964254d23",
		"fcc6caacb7223371d0a85a1e51e07d7b955f7677",
	},
	{KeySize: 16, Hash: SHA256}: {
		"4d199260677dcd65eee55e807b969512",
		"8602e399bed6f9779a66796276ff025688001bdb49cc4a7f8f7a192bcd48f4e7",
	},
	{KeySize: 16, Hash: SHA384}: {
		"c55e58a1ec8a68d102d751d01cf0e669",
		"41862d0987a6cb0d139abfac20d9d57e58089b27e87d517df1e76a353824166bb91409129b4ff4759775196cfd43d2be",
	},
	{KeySize: 16, Hash: SHA512}: {
		"9ab81ced848b6863d00ae7123a29c018",
		"7652c7419c28e39900570ad167d80698fc0807982bb1b2c198229631fcbbaec7" +
			"f0aff234b37ac7e4df163da0219581299cc00a62952ddab6e08e5187564fa678",
	},
	{KeySize: 24, Hash: SHA1}: {
		"1348d0ae8b3709d5ed250eacb5cbf150",
		"76eb189b35cf03461ddf877cd9f4b1b4d63a7555",
	},
	{KeySize: 24, Hash: SHA256}: {
		"f474b1872b3b53e4721de19c0841db6f",
		"d4791184b996092ee1202f36e8608fa8fbd98abdff5402f264b1d7211536220c",
	},
	{KeySize: 24, Hash: SHA384}: {
		"54a73b8b975c15d9ba6639b677b72d6a",
		"6cf98986a028cdf7147c82a211569b13b0ae03c5241b7a0b0e1c0672f05b93849ac745d8cd29f6cc047bd9a415f33108",
	},
	{KeySize: 24, Hash: SHA512}: {
		"efe457e327fede5c0e0c0c3cbb0868c3",
		"6e8a6d2b27a0c59ff71e3f411ba769106307ef61e1221ab6dd608e52d4c14785" +
			"0a433c2975a9c7585c9cf109529c401df351b09db4e97b4c03478f23d2f95262",
	},
	{KeySize: 32, Hash: SHA1}: {
		"8330e9773faf0dd3b6f095ae14f03bc8",
		"bad956dd4347baa864e53e8b631d2baa17a6bee3",
	},
	{KeySize: 32, Hash: SHA256}: {
		"ea10387ac9273b7fd5321177776f1530",
		"f946d3c71d60dd7b287366d81cb03fe5e5a701fa16f1554f1581fddd576ce844",
	},
	{KeySize: 32, Hash: SHA384}: {
		"44a437619b33f49b45184e83bc5027df",
		"8480f19119e7a4f16244b6b5e9aab64b827ef6a6ef5e798884f8c9f83f496e68c9bd99e4008d3b8699006f52c485ff2d",
	},
	{KeySize: 32, Hash: SHA512}: {
		"376e17e169255362126076f9d9039203",
		"9348c1b5a269a82f77bdbb68a38939e4b9c5c51277112840ae4ba315212c956a" +
			"4d1f4bd74b0cdf5057b0e2d4ae5a014f5cf059f15ae95e484742e70707dd17d9",
	},
	{KeySize: 16, GCM: true}: {cipher: "957c50ff692e388b9ad5c7689e4b9e2b"},
	{KeySize: 24, GCM: true}: {cipher: "0daa013a950ada2b798f5ff272fad363"},
	{KeySize: 32, GCM: true}: {cipher: "e7dcce66df855a323a6bb7bd7a59be45"},
}

// ContextHeader returns the bytes that stand for the suite in the key
// derivation, nil if the suite is not valid. They are, all numbers as 32 bits
// big-endian:
//
//	CBC: 00 00 ‖ AES key size ‖ block size ‖ HMAC key size ‖ digest size ‖ cipher check (16) ‖ HMAC check
//	GCM: 00 01 ‖ AES key size ‖ nonce size ‖ block size ‖ tag size ‖ tag check (16)
func (s Suite) ContextHeader() []byte {
	check, ok := contextHeaders[s]
	if !ok {
		return nil
	}
	header := []byte{0, 0}
	fields := []int{s.KeySize, aes.BlockSize, s.Hash.size(), s.Hash.size()}
	if s.GCM {
		header[1] = 1
		fields = []int{s.KeySize, nonceSize, aes.BlockSize, gcmTagSize}
	}
	for _, f := range fields {
		header = binary.BigEndian.AppendUint32(header, uint32(f))
	}
	tail, err := hex.DecodeString(check.cipher + check.mac)
	if err != nil {
		return nil // the table above is checked by a test
	}
	return append(header, tail...)
}
