package dotnettest

import "time"

// Ticket is an AuthenticationTicket, as the peer and the recorded vectors spell
// it. Dictionaries are pairs in order.
type Ticket struct {
	Scheme     string           `json:"scheme"`
	Identities []TicketIdentity `json:"identities"`
	Props      [][2]string      `json:"props"`
}

// TicketIdentity is a ClaimsIdentity. A nil text is .NET's null.
type TicketIdentity struct {
	AuthType  *string         `json:"authType"`
	NameType  string          `json:"nameType"`
	RoleType  string          `json:"roleType"`
	Claims    []TicketClaim   `json:"claims"`
	Bootstrap *string         `json:"bootstrap"`
	Actor     *TicketIdentity `json:"actor"`
}

// TicketClaim is a Claim.
type TicketClaim struct {
	Type           string      `json:"type"`
	Value          string      `json:"value"`
	ValueType      string      `json:"valueType"`
	Issuer         string      `json:"issuer"`
	OriginalIssuer string      `json:"originalIssuer"`
	Props          [][2]string `json:"props"`
}

// SerializeTickets is TicketSerializer.Serialize for each.
func (p *Peer) SerializeTickets(tickets []Ticket) ([]Parsed[[]byte], error) {
	return each[[]byte](p, "ticketSerialize", tickets)
}

// DeserializeTickets is TicketSerializer.Deserialize for each. For bytes that
// are no ticket .NET throws, or returns null: a nil value without an error.
func (p *Peer) DeserializeTickets(tickets [][]byte) ([]Parsed[*Ticket], error) {
	return each[*Ticket](p, "ticketDeserialize", tickets)
}

// TicketProperties is what AuthenticationProperties says about its items. A nil
// pointer is .NET's null.
type TicketProperties struct {
	Issued       *time.Time  `json:"issued"`
	Expires      *time.Time  `json:"expires"`
	Persistent   bool        `json:"persistent"`
	AllowRefresh *bool       `json:"allowRefresh"`
	RedirectURI  *string     `json:"redirectUri"`
	Tokens       [][2]string `json:"tokens"`
}

// ReadTicketProperties makes AuthenticationProperties of each list of pairs and
// reads all of its typed members.
func (p *Peer) ReadTicketProperties(items [][][2]string) ([]Parsed[TicketProperties], error) {
	return each[TicketProperties](p, "ticketProperties", items)
}

// SetTicketProperties sets the typed members of AuthenticationProperties, which
// must all be there, and returns the items that this gives.
func (p *Peer) SetTicketProperties(properties []TicketProperties) ([]Parsed[[][2]string], error) {
	return each[[][2]string](p, "ticketSetProperties", properties)
}

// PrincipalQuestion asks a ticket's ClaimsPrincipal about roles and claims.
type PrincipalQuestion struct {
	Ticket Ticket   `json:"ticket"`
	Roles  []string `json:"roles"`
	Types  []string `json:"types"`
}

// PrincipalAnswer is its answer: the lists are as long as the question's.
type PrincipalAnswer struct {
	Name          *string   // Identity.Name
	Authenticated bool      // any identity is
	Roles         []bool    // IsInRole
	First         []*string // the value of FindFirst
	Count         []int     // of FindAll
}

// AskPrincipals asks many in one question.
func (p *Peer) AskPrincipals(questions []PrincipalQuestion) ([]Parsed[PrincipalAnswer], error) {
	return each[PrincipalAnswer](p, "ticketPrincipals", questions)
}

// ClaimConstants returns the constants of ClaimTypes, ClaimValueTypes and
// ClaimsIdentity: ClaimTypes.Name and so on.
func (p *Peer) ClaimConstants() (map[string]string, error) {
	var constants map[string]string
	err := p.ask("claimConstants", nil, &constants)
	return constants, err
}

// TicketFormat is a TicketDataFormat.
type TicketFormat struct{ protector *Protector }

// TicketFormat is new TicketDataFormat(CreateProtector(purposes)).
func (r *Ring) TicketFormat(purposes ...string) *TicketFormat {
	return &TicketFormat{r.Protector(purposes...)}
}

// Protect returns the text for each ticket.
func (f *TicketFormat) Protect(tickets []Ticket) ([]Parsed[string], error) {
	var answers []eachAnswer[string]
	err := f.protector.ask("ticketProtect", tickets, "", nil, &answers)
	return parsed(answers), err
}

// Unprotect returns the ticket in each text, nil where .NET returns null.
func (f *TicketFormat) Unprotect(texts []string) ([]Parsed[*Ticket], error) {
	var answers []eachAnswer[*Ticket]
	err := f.protector.ask("ticketUnprotect", texts, "", nil, &answers)
	return parsed(answers), err
}

type eachAnswer[T any] struct {
	Value T
	Error []Exception
}

func each[T any](p *Peer, command string, items any) ([]Parsed[T], error) {
	var answers []eachAnswer[T]
	err := p.ask(command, map[string]any{"items": items}, &answers)
	return parsed(answers), err
}

func parsed[T any](answers []eachAnswer[T]) []Parsed[T] {
	all := make([]Parsed[T], len(answers))
	for i, a := range answers {
		all[i] = Parsed[T]{a.Value, newError(a.Error)}
	}
	return all
}
