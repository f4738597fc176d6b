package ingest

import (
	"net/netip"

	"footfall/aggregate"
)

// shieldsAddr reports whether the owner has shielded the address's network.
func shieldsAddr(settings *aggregate.Settings, addr netip.Addr) bool {
	for _, network := range settings.ShieldIPs {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// shieldsPage reports whether a pattern of the owner's matches the page as it is
// counted.
func shieldsPage(settings *aggregate.Settings, page string) bool {
	for _, glob := range settings.ShieldPages {
		if matchGlob(glob, page) {
			return true
		}
	}
	return false
}

// maxGlob is the longest pattern: settings take none that is longer.
const maxGlob = 500

// matchGlob matches a path with a pattern, in which "*" is anything but "/" and
// "**" is anything. All ways through the pattern are followed at once, so that it
// takes no more steps than the product of both lengths, whatever anybody sends.
func matchGlob(glob, path string) bool {
	if len(glob) > maxGlob {
		return false
	}
	here := ways{first: len(glob) + 1}
	here.enter(glob, 0)
	for i := 0; i < len(path) && here.first <= here.last; i++ {
		next := ways{first: len(glob) + 1}
		for at := here.first; at <= here.last; at++ {
			switch {
			case !here.at[at] || at == len(glob):
			case glob[at] == '*':
				if path[i] != '/' || starsEnd(glob, at) > at+1 {
					next.enter(glob, at)
				}
			case glob[at] == path[i]:
				next.enter(glob, at+1)
			}
		}
		here = next
	}
	return here.at[len(glob)]
}

// ways are the places in a pattern that its match may have come to.
type ways struct {
	at          [maxGlob + 1]bool
	first, last int // of the true ones
}

// enter notes a place, and those behind stars, which may stand for nothing.
func (w *ways) enter(glob string, at int) {
	for {
		w.at[at] = true
		w.first, w.last = min(w.first, at), max(w.last, at)
		if at == len(glob) || glob[at] != '*' {
			return
		}
		at = starsEnd(glob, at)
	}
}

// starsEnd is the place behind the stars that begin at a place.
func starsEnd(glob string, at int) int {
	for at < len(glob) && glob[at] == '*' {
		at++
	}
	return at
}
