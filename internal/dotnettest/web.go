package dotnettest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// WebOptions configures an application with cookie authentication. The zero
// value is ASP.NET Core's defaults. An application without an App is not one
// without an application name: it has the path of its folder.
type WebOptions struct {
	RingOptions

	Scheme        string  `json:"scheme,omitempty"`
	CookieName    string  `json:"cookieName,omitempty"`
	Domain        string  `json:"domain,omitempty"`
	ExpireSeconds float64 `json:"expireSeconds,omitempty"`
	Absolute      bool    `json:"absolute,omitempty"` // no sliding expiration
	Secure        string  `json:"secure,omitempty"`   // a CookieSecurePolicy; SameAsRequest when empty
	Store         bool    `json:"store,omitempty"`    // tickets stay in the process, under key-1, key-2, …
}

// Web is an application with cookie authentication on Kestrel. Its pages, for a
// browser, are listed in testdata/dotnet/Web.cs; the methods are some of them.
// Cookies know nothing of ports: a browser or cookie jar brings those of one Web
// to any other server on 127.0.0.1.
type Web struct {
	URL string // http://127.0.0.1:port

	peer   *Peer
	handle int64
}

// Web starts an application over a key directory. Like [Ring] it reads the
// directory once: for one that has just changed start another. It runs until
// Stop, or the peer's end.
func (p *Peer) Web(dir string, options WebOptions) (*Web, error) {
	args := struct {
		Dir string `json:"dir"`
		WebOptions
	}{dir, options}
	var result struct {
		Handle int64
		URL    string
	}
	if err := p.ask("web", args, &result); err != nil {
		return nil, err
	}
	return &Web{URL: result.URL, peer: p, handle: result.Handle}, nil
}

// Stop stops the application.
func (w *Web) Stop() error {
	return w.peer.ask("stopWeb", map[string]any{"handle": w.handle}, nil)
}

// SignIn signs in with a ticket's identities and properties, and returns the
// headers of the response.
func (w *Web) SignIn(client *http.Client, t Ticket) (http.Header, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	_, header, err := w.do(client, http.MethodPost, "/signin", nil, body)
	return header, err
}

// WhoAmI returns the ticket that .NET reads out of the client's cookie, nil if
// none; failure is why not, empty if no cookie came. The headers may renew the
// cookie.
func (w *Web) WhoAmI(client *http.Client) (ticket *Ticket, failure string, header http.Header, err error) {
	body, header, err := w.do(client, http.MethodGet, "/whoami", nil, nil)
	if err != nil {
		return nil, "", nil, err
	}
	var answer struct {
		Ticket  *Ticket
		Failure string
	}
	err = json.Unmarshal(body, &answer)
	return answer.Ticket, answer.Failure, header, err
}

// SignOut signs out and returns the headers of the response.
func (w *Web) SignOut(client *http.Client) (http.Header, error) {
	_, header, err := w.do(client, http.MethodGet, "/signout", nil, nil)
	return header, err
}

// Shift sets the clock of the cookie authentication ahead of the machine's. Data
// Protection keeps the machine's.
func (w *Web) Shift(d time.Duration) error {
	query := url.Values{"shift": {strconv.FormatFloat(d.Seconds(), 'f', -1, 64)}}
	_, _, err := w.do(http.DefaultClient, http.MethodGet, "/clock", query, nil)
	return err
}

func (w *Web) do(client *http.Client, method, path string, query url.Values, body []byte) ([]byte, http.Header, error) {
	request, err := http.NewRequest(method, w.URL+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("dotnettest: %s %s: %s\n%s", method, path, response.Status, text)
	}
	return text, response.Header, err
}
