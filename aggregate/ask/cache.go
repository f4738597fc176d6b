package ask

import (
	"container/list"
	"sync"

	"footfall/aggregate"
)

// cache keeps sums of closed days, the least recently used go first. An entry
// never spans two months, so that a written day invalidates few.
type cache struct {
	limit int

	mu      sync.Mutex // protects all below
	entries map[cacheKey]*list.Element
	recent  list.List // of *cacheEntry, most recently used in front
	bytes   int
	changes map[aggregate.Site]uint64 // how often entries of the site were dropped
}

// cacheKey names a sum: of the blocks of A and B over a stretch of closed days,
// all in one month.
type cacheKey struct {
	site aggregate.Site
	a, b aggregate.Dimension
	stretch
}

type cacheEntry struct {
	key   cacheKey
	value any
	bytes int
}

func newCache(limit int) *cache {
	return &cache{limit: limit, entries: map[cacheKey]*list.Element{}, changes: map[aggregate.Site]uint64{}}
}

// get returns the entry, and the token that put wants if there is none.
func (c *cache) get(k cacheKey) (value any, token uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[k]; ok {
		c.recent.MoveToFront(e)
		return e.Value.(*cacheEntry).value, 0
	}
	return nil, c.changes[k.site]
}

// put keeps a value that was made since get returned token, unless the site
// changed since then. What would take a quarter of the cache is not kept.
func (c *cache) put(k cacheKey, token uint64, value any, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes[k.site] != token || bytes > c.limit/4 {
		return
	}
	if _, ok := c.entries[k]; ok {
		return
	}
	c.entries[k] = c.recent.PushFront(&cacheEntry{k, value, bytes})
	c.bytes += bytes
	for c.bytes > c.limit {
		c.remove(c.recent.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	entry := c.recent.Remove(e).(*cacheEntry)
	delete(c.entries, entry.key)
	c.bytes -= entry.bytes
}

// drop removes what lies in the month that begins with month.
func (c *cache) drop(site aggregate.Site, month aggregate.Day) {
	c.dropIf(site, func(k cacheKey) bool { return k.first.Month() == month })
}

func (c *cache) dropSite(site aggregate.Site) {
	c.dropIf(site, func(cacheKey) bool { return true })
}

func (c *cache) dropIf(site aggregate.Site, cond func(cacheKey) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes[site]++
	for k, e := range c.entries {
		if k.site == site && cond(k) {
			c.remove(e)
		}
	}
}
