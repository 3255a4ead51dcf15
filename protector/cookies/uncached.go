package cookies

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// uncached is the writer of a response that sets the cookie: whatever a handler
// does to the headers, they keep the response out of caches when they go out.
// ASP.NET sets them then (HttpResponse.OnStarting).
type uncached struct {
	http.ResponseWriter
	began bool // the headers have gone out
}

// begin is called before the headers go out.
func (w *uncached) begin() {
	if !w.began {
		noStore(w.Header())
		w.began = true
	}
}

// WriteHeader implements http.ResponseWriter. Interim responses carry the headers
// too, and others after them.
func (w *uncached) WriteHeader(status int) {
	w.begin()
	w.began = status >= 200 || status == http.StatusSwitchingProtocols
	w.ResponseWriter.WriteHeader(status)
}

func (w *uncached) Write(b []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(b)
}

// ReadFrom implements io.ReaderFrom: files still go out by sendfile.
func (w *uncached) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	return io.Copy(w.ResponseWriter, r)
}

// FlushError is what http.ResponseController looks for.
func (w *uncached) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (w *uncached) Flush() { _ = w.FlushError() } // who wants to know calls FlushError

// Hijack implements http.Hijacker, which upgrades to WebSocket ask for.
func (w *uncached) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets an http.ResponseController do the rest.
func (w *uncached) Unwrap() http.ResponseWriter { return w.ResponseWriter }
