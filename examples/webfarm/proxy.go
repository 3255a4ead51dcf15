package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// balancer hands each request to the next node that is up. It is an
// [http.RoundTripper], so that a request to a node that has just died goes to
// the one after it.
type balancer struct {
	members []*member
	turn    atomic.Uint64
}

// nodeHost stands for whichever node it will be.
const nodeHost = "node.invalid"

var errNoNode = errors.New("no node is up")

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := takeBody(r)
	if err != nil {
		return nil, err
	}
	failure := errNoNode
	for _, at := range b.order() {
		response, err := http.DefaultTransport.RoundTrip(directed(r, at, body))
		if err == nil {
			return response, nil
		}
		failure = err
		if dial := (*net.OpError)(nil); r.Method != http.MethodGet && !(errors.As(err, &dial) && dial.Op == "dial") {
			break // it may have been done
		}
	}
	return nil, failure
}

// order returns where to try: all nodes that are up, beginning with the one whose
// turn it is.
func (b *balancer) order() []*url.URL {
	var up []*url.URL
	for _, m := range b.members {
		if at := m.look().At; at != nil {
			up = append(up, at)
		}
	}
	if len(up) == 0 {
		return nil
	}
	first := int(b.turn.Add(1) % uint64(len(up)))
	return append(up[first:len(up):len(up)], up[:first]...)
}

// takeBody reads a body, which is a form, so that it can be sent twice.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<16))
}

func directed(r *http.Request, at *url.URL, body []byte) *http.Request {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host = at.Scheme, at.Host
	out.Body, out.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	return out
}

// proxy is the way to the nodes. The page is what a node says of the visitor,
// drawn.
func (f *farm) proxy() http.Handler {
	return &httputil.ReverseProxy{
		Transport: f.balance,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetXForwarded()
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", nodeHost, p.In.Host
			if p.In.URL.Path == "/" {
				p.Out.URL.Path = "/me"
				p.Out.Header.Del("Accept-Encoding")
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Path != "/me" || r.StatusCode != http.StatusOK {
				return nil
			}
			return f.draw(r)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "The farm cannot answer: "+err.Error()+". Start a node, or the farm anew.", http.StatusBadGateway)
		},
	}
}

// draw replaces what a node says by the page that shows it. The node's cookies
// stay.
func (f *farm) draw(r *http.Response) error {
	var a answer
	err := json.NewDecoder(r.Body).Decode(&a)
	r.Body.Close()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := f.page.render(&b, f.view(a, f.askAll(r.Request))); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(&b), int64(b.Len())
	r.Header.Del("Content-Length")
	r.Header.Set("Content-Type", "text/html; charset=utf-8")
	return nil
}

// askAll asks every node about the visitor, for the page to compare. It returns
// what each one said, by its name.
func (f *farm) askAll(r *http.Request) map[string]answer {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
	)
	said := map[string]answer{}
	for _, m := range f.members {
		at := m.look().At
		if at == nil {
			continue
		}
		wait.Go(func() {
			if a, err := ask(ctx, at, r.Header["Cookie"]); err == nil {
				mu.Lock()
				defer mu.Unlock()
				said[m.name] = a
			}
		})
	}
	wait.Wait()
	return said
}

func ask(ctx context.Context, at *url.URL, cookies []string) (a answer, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath("me").String(), nil)
	if err != nil {
		return a, err
	}
	r.Header["Cookie"] = cookies
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	return a, json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&a)
}

// onThisMachine refuses requests for other names, with which a page elsewhere
// could reach the buttons by way of a name that resolves to this machine.
func onThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "the farm answers to localhost only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
