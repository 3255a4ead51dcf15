package authticket

import (
	"fmt"
	"strings"
)

// Token is a token of another party that the application keeps in its ticket,
// such as the access token of an OpenID Connect sign-in (AuthenticationToken).
// It prints without its value.
type Token struct {
	Name, Value string
}

// Token returns the value of a token, and whether the ticket has it
// (GetTokenValue).
func (p Properties) Token(name string) (value string, ok bool) {
	return p.Items.Get(KeyTokenPrefix + name)
}

// Tokens returns the tokens in the order of their names in the ticket
// (GetTokens). Names without a value are left out.
func (p Properties) Tokens() []Token {
	names, _ := p.Items.Get(KeyTokenNames)
	if names == "" {
		return nil
	}
	var tokens []Token
	for name := range strings.SplitSeq(names, ";") {
		if value, ok := p.Token(name); ok {
			tokens = append(tokens, Token{name, value})
		}
	}
	return tokens
}

// SetTokens replaces all tokens (StoreTokens). The ticket lists their names with
// semicolons between them: an empty name, one with a semicolon in it and one that
// occurs twice would not come back. They are an error that wraps
// [ErrUnencodable], and then nothing is changed.
func (p *Properties) SetTokens(tokens ...Token) error {
	names := make([]string, len(tokens))
	var values Dictionary
	for i, token := range tokens {
		if token.Name == "" || strings.Contains(token.Name, ";") {
			return fmt.Errorf("%w: the name of token %d is empty or has a semicolon", ErrUnencodable, i)
		}
		names[i] = token.Name
		values = append(values, Item{KeyTokenPrefix + token.Name, token.Value})
	}
	if !values.unique() {
		return fmt.Errorf("%w: two tokens have the same name", ErrUnencodable)
	}
	for _, old := range p.Tokens() {
		p.Items.Delete(KeyTokenPrefix + old.Name)
	}
	p.Items.Delete(KeyTokenNames)
	for _, item := range values {
		p.Items.Set(item.Key, item.Value)
	}
	if len(names) > 0 {
		p.Items.Set(KeyTokenNames, strings.Join(names, ";"))
	}
	return nil
}

// UpdateToken replaces the value of a token that the ticket has and reports
// whether it does (UpdateTokenValue).
func (p *Properties) UpdateToken(name, value string) bool {
	if _, ok := p.Token(name); !ok {
		return false
	}
	p.Items.Set(KeyTokenPrefix+name, value)
	return true
}
