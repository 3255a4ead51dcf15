package authticket_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector/authticket"
)

var noGeneration = keyring.Options{DisableAutomaticKeyGeneration: true}

// mutate changes a text a little, as a hostile or careless writer might.
func mutate(r *rand.Rand, s string) string {
	const letters = "0123456789 ,:GMTgmtSunMonTueWedThuFriSatJanFebDecUTCſ\x00-+."
	runes, pool := []rune(s), []rune(letters)
	for range 1 + r.IntN(2) {
		i := r.IntN(len(runes))
		switch r.IntN(5) {
		case 0:
			runes = append(runes[:i], append([]rune{pool[r.IntN(len(pool))]}, runes[i:]...)...)
		case 1:
			if len(runes) > 1 {
				runes = append(runes[:i], runes[i+1:]...)
			}
		case 2:
			runes[i] = []rune(strings.ToLower(string(runes[i])))[0]
		case 3:
			runes[i] = []rune(strings.ToUpper(string(runes[i])))[0]
		default:
			runes[i] = pool[r.IntN(len(pool))]
		}
	}
	return string(runes)
}

// The grammar of dates and flags is .NET's.
func TestLiveReadingProperties(t *testing.T) {
	peer := dotnettest.Start(t)
	r := rand.New(rand.NewPCG(1, 2))
	var items [][][2]string
	add := func(date, flag, names string) {
		items = append(items, [][2]string{
			{".issued", date}, {".expires", date}, {".refresh", flag}, {".redirect", flag}, {".TokenNames", names},
			{".Token.a", "A"}, {".Token.", "nameless"}, {".Token. b", "B"},
		})
	}
	for _, date := range append(append([]string{}, goodDates...), badDates...) {
		add(date, date, date)
	}
	flags := []string{"True", "true", "FALSE", " true\x00", "\u00a0False\t\r\n", "\u2003true", "\ufefftrue", "tr ue", "1", "", "\u200btrue", "\x1ctrue", "falſe", "\u0085true"}
	names := []string{"", "a", ";", "a;", "a; b;c", " b", "A"}
	for range 4000 {
		seconds := r.Int64N(315537897600) - 62135596800 // the years 1 to 9999
		date := time.Unix(seconds, 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
		if r.IntN(4) > 0 {
			date = mutate(r, date)
		}
		add(date, flags[r.IntN(len(flags))], names[r.IntN(len(names))])
	}
	items = append(items, nil, [][2]string{{".persistent", "False"}})

	answers, err := peer.ReadTicketProperties(items)
	if err != nil {
		t.Fatal(err)
	}
	dates := 0
	for i, pairs := range items {
		want := answer(t, answers[i])
		p := authticket.Properties{Items: toDictionary(pairs)}
		var got dotnettest.TicketProperties
		if issued, err := p.Issued(); err == nil {
			got.Issued = &issued
		}
		if expires, err := p.Expires(); err == nil {
			got.Expires = &expires
			dates++
		}
		if allow, ok := p.AllowRefresh(); ok {
			got.AllowRefresh = &allow
		}
		if uri, ok := p.Items.Get(authticket.KeyRedirect); ok {
			got.RedirectURI = &uri
			if uri != p.RedirectURI() {
				t.Errorf("redirect %q", p.RedirectURI())
			}
		}
		got.Persistent, got.Tokens = p.Persistent(), toTokenPairs(p.Tokens())
		if a, b := mustJSON(t, got), mustJSON(t, want); a != b {
			t.Errorf("%q:\nGo   %s\n.NET %s", pairs, a, b)
		}
	}
	if dates < 1000 || dates > 3000 {
		t.Errorf("%d of %d dates are good", dates, len(items))
	}
}

func toTokenPairs(tokens []authticket.Token) [][2]string {
	pairs := [][2]string{}
	for _, token := range tokens {
		pairs = append(pairs, [2]string{token.Name, token.Value})
	}
	return pairs
}

// What Go sets, .NET sets to the same texts in the same order.
func TestLiveSettingProperties(t *testing.T) {
	peer := dotnettest.Start(t)
	r := rand.New(rand.NewPCG(3, 4))
	wanted := make([]dotnettest.TicketProperties, 1000)
	for i := range wanted {
		date := func() *time.Time {
			t := time.Unix(r.Int64N(315537897600)-62135596800, r.Int64N(1e7)*100).UTC()
			return &t
		}
		allow, uri := r.IntN(2) == 0, texts().Filter(func(s string) bool { return s != "" }).Example(i)
		wanted[i] = dotnettest.TicketProperties{
			Issued: date(), Expires: date(), Persistent: r.IntN(2) == 0, AllowRefresh: &allow, RedirectURI: &uri, Tokens: [][2]string{},
		}
		for _, name := range []string{"a", " ", "é", "access_token"}[r.IntN(5):] {
			wanted[i].Tokens = append(wanted[i].Tokens, [2]string{name, texts().Example(i)})
		}
	}
	answers, err := peer.SetTicketProperties(wanted)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range wanted {
		var p authticket.Properties
		p.SetIssued(*want.Issued)
		p.SetExpires(*want.Expires)
		p.SetPersistent(want.Persistent)
		p.SetAllowRefresh(*want.AllowRefresh)
		p.SetRedirectURI(*want.RedirectURI)
		var tokens []authticket.Token
		for _, pair := range want.Tokens {
			tokens = append(tokens, authticket.Token{Name: pair[0], Value: pair[1]})
		}
		if err := p.SetTokens(tokens...); err != nil {
			t.Fatal(err)
		}
		if a, b := mustJSON(t, toPairs(p.Items)), mustJSON(t, answer(t, answers[i])); a != b {
			t.Errorf("Go   %s\n.NET %s", a, b)
		}
	}
}

// Names, roles and types of claims compare as in .NET, whatever their letters.
func TestLivePrincipals(t *testing.T) {
	peer := dotnettest.Start(t)
	letters := []string{
		"name", "NAME", "Name", "role", "é", "É", "K", "\u212a", "k", "s", "\u017f", "i", "ı", "İ", "I", "ß", "ẞ", "ǆ", "ǅ", "Ǆ", "µ", "μ", "Μ",
		"σ", "ς", "Σ", "å", "\u212b", "ω", "\u2126", "ა", "Ა", "𐐨", "𐐀", "ﬁ", "FI", "e\u0301", "", "name\x00",
	}
	var questions []dotnettest.PrincipalQuestion
	var asked []authticket.Ticket
	r := rand.New(rand.NewPCG(5, 6))
	pick := func() string { return letters[r.IntN(len(letters))] }
	for range 1500 {
		var ticket authticket.Ticket
		for range r.IntN(4) {
			id := authticket.Identity{NameClaimType: pick(), RoleClaimType: pick()}
			if r.IntN(2) == 0 {
				id.AuthenticationType = "a"
			}
			for range r.IntN(6) {
				id.Claims = append(id.Claims, authticket.Claim{Type: pick(), Value: pick()})
			}
			ticket.Identities = append(ticket.Identities, id)
		}
		asked = append(asked, ticket)
		questions = append(questions, dotnettest.PrincipalQuestion{Ticket: toDotnet(ticket), Roles: letters, Types: letters})
	}
	answers, err := peer.AskPrincipals(questions)
	if err != nil {
		t.Fatal(err)
	}
	for i, ticket := range asked {
		want := answer(t, answers[i])
		name := ""
		if want.Name != nil {
			name = *want.Name
		}
		if ticket.Name() != name || ticket.Authenticated() != want.Authenticated {
			t.Errorf("%v: name %q, authenticated %v; .NET %q, %v", ticket, ticket.Name(), ticket.Authenticated(), name, want.Authenticated)
		}
		for j, letter := range letters {
			if ticket.HasRole(letter) != want.Roles[j] {
				t.Errorf("%v: HasRole(%q) is not %v", ticket, letter, want.Roles[j])
			}
			found, ok := ticket.Find(letter)
			if ok != (want.First[j] != nil) || ok && found.Value != *want.First[j] {
				t.Errorf("%v: Find(%q) = %q, %v", ticket, letter, found.Value, ok)
			}
			if n := len(ticket.Values(letter)); n != want.Count[j] {
				t.Errorf("%v: %d values of %q, .NET has %d", ticket, n, letter, want.Count[j])
			}
		}
	}
}

func TestLiveConstants(t *testing.T) {
	peer := dotnettest.Start(t)
	theirs, err := peer.ClaimConstants()
	if err != nil {
		t.Fatal(err)
	}
	for name, ours := range constants {
		if theirs[name] != ours {
			t.Errorf("%s is %q, here %q", name, theirs[name], ours)
		}
	}
}

var constants = map[string]string{
	"ClaimsIdentity.DefaultIssuer": authticket.LocalIssuer, "ClaimsIdentity.DefaultNameClaimType": authticket.ClaimName,
	"ClaimsIdentity.DefaultRoleClaimType": authticket.ClaimRole,

	"ClaimTypes.Name": authticket.ClaimName, "ClaimTypes.NameIdentifier": authticket.ClaimNameIdentifier, "ClaimTypes.Role": authticket.ClaimRole,
	"ClaimTypes.Email": authticket.ClaimEmail, "ClaimTypes.GivenName": authticket.ClaimGivenName, "ClaimTypes.Surname": authticket.ClaimSurname,
	"ClaimTypes.Upn": authticket.ClaimUPN, "ClaimTypes.MobilePhone": authticket.ClaimMobilePhone, "ClaimTypes.HomePhone": authticket.ClaimHomePhone,
	"ClaimTypes.OtherPhone": authticket.ClaimOtherPhone, "ClaimTypes.StreetAddress": authticket.ClaimStreetAddress,
	"ClaimTypes.Locality": authticket.ClaimLocality, "ClaimTypes.PostalCode": authticket.ClaimPostalCode,
	"ClaimTypes.StateOrProvince": authticket.ClaimStateOrProvince, "ClaimTypes.Country": authticket.ClaimCountry,
	"ClaimTypes.DateOfBirth": authticket.ClaimDateOfBirth, "ClaimTypes.Gender": authticket.ClaimGender, "ClaimTypes.Webpage": authticket.ClaimWebpage,
	"ClaimTypes.Uri": authticket.ClaimURI, "ClaimTypes.Dns": authticket.ClaimDNS, "ClaimTypes.Sid": authticket.ClaimSID,
	"ClaimTypes.PrimarySid": authticket.ClaimPrimarySID, "ClaimTypes.GroupSid": authticket.ClaimGroupSID,
	"ClaimTypes.PrimaryGroupSid": authticket.ClaimPrimaryGroupSID, "ClaimTypes.WindowsAccountName": authticket.ClaimWindowsAccountName,
	"ClaimTypes.Thumbprint": authticket.ClaimThumbprint, "ClaimTypes.SerialNumber": authticket.ClaimSerialNumber,
	"ClaimTypes.X500DistinguishedName": authticket.ClaimX500DistinguishedName, "ClaimTypes.AuthenticationMethod": authticket.ClaimAuthenticationMethod,
	"ClaimTypes.AuthenticationInstant": authticket.ClaimAuthenticationInstant, "ClaimTypes.AuthorizationDecision": authticket.ClaimAuthorizationDecision,
	"ClaimTypes.Anonymous": authticket.ClaimAnonymous, "ClaimTypes.Expiration": authticket.ClaimExpiration,
	"ClaimTypes.IsPersistent": authticket.ClaimIsPersistent, "ClaimTypes.UserData": authticket.ClaimUserData,
	"ClaimTypes.Version": authticket.ClaimVersion, "ClaimTypes.Actor": authticket.ClaimActor,

	"ClaimValueTypes.String": authticket.ValueString, "ClaimValueTypes.Boolean": authticket.ValueBoolean, "ClaimValueTypes.Integer": authticket.ValueInteger,
	"ClaimValueTypes.Integer32": authticket.ValueInt32, "ClaimValueTypes.Integer64": authticket.ValueInt64,
	"ClaimValueTypes.UInteger32": authticket.ValueUint32, "ClaimValueTypes.UInteger64": authticket.ValueUint64,
	"ClaimValueTypes.Double": authticket.ValueDouble, "ClaimValueTypes.Date": authticket.ValueDate, "ClaimValueTypes.Time": authticket.ValueTime,
	"ClaimValueTypes.DateTime": authticket.ValueDateTime, "ClaimValueTypes.Base64Binary": authticket.ValueBase64,
	"ClaimValueTypes.HexBinary": authticket.ValueHex, "ClaimValueTypes.Sid": authticket.ValueSID,
}
