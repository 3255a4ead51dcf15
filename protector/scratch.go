package protector

import "sync"

// maxScratch is the largest buffer that is kept for the next call.
const maxScratch = 4 << 20

// A scratchPool lends working memory for text and for plaintexts that need a
// prefix. What it holds between two calls has been cleared.
type scratchPool struct{ pool sync.Pool }

type scratch struct {
	buf  []byte // empty
	used int    // what the borrower asked for, and so wrote at most
}

// get returns a scratch with room for n bytes. put takes it back.
func (p *scratchPool) get(n int) *scratch {
	s, ok := p.pool.Get().(*scratch)
	if !ok {
		s = new(scratch)
	}
	if cap(s.buf) < n {
		s.buf = make([]byte, 0, n)
	}
	s.used = n
	return s
}

func (p *scratchPool) put(s *scratch) {
	clear(s.buf[:s.used])
	if cap(s.buf) <= maxScratch {
		p.pool.Put(s)
	}
}
