package ingest

import (
	"net/netip"
	"sync"
	"time"
)

// Limits of debug answers, per address.
const (
	debugPerMinute = 30
	debugAddresses = 4096 // remembered at once; beyond, strangers wait for the next minute
)

// limiter allows each address so many requests a minute. Addresses are forgotten
// when the minute is over.
type limiter struct {
	mu     sync.Mutex // protects both
	minute int64
	counts map[netip.Addr]int
}

func (l *limiter) allow(addr netip.Addr, now time.Time) bool {
	if addr.IsLoopback() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Unix() / 60; minute != l.minute || l.counts == nil {
		l.minute, l.counts = minute, map[netip.Addr]int{}
	}
	n, seen := l.counts[addr]
	if n >= debugPerMinute || !seen && len(l.counts) >= debugAddresses {
		return false
	}
	l.counts[addr] = n + 1
	return true
}
