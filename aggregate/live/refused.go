package live

import (
	"maps"
	"strings"
	"sync"
)

// refused counts refusals since the start by reason, over all sites, for those who
// watch over the server. Details (which crawler, say) are left out: reasons are
// few, whatever is sent.
type refused struct {
	mu sync.Mutex // protects n
	n  map[string]uint64
}

func (r *refused) add(reason string) {
	reason, _, _ = strings.Cut(reason, ":")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[string]uint64{}
	}
	r.n[reason]++
}

// Refused are the refusals since the start, by reason.
func (e *Engine) Refused() map[string]uint64 {
	e.refusals.mu.Lock()
	defer e.refusals.mu.Unlock()
	return maps.Clone(e.refusals.n)
}
