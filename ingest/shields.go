package ingest

import (
	"net/netip"
	"strings"

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

// matchGlob matches a path with a pattern, in which "*" is anything but "/" and
// "**" is anything.
//
// It never goes back further than to the last "*" and the last "**": what stands
// before them has matched as early as it can, so another match would not help.
func matchGlob(glob, path string) bool {
	const none = -1
	g, p := 0, 0
	star, starPath := none, 0 // after the last "*", and where in the path it has matched up to
	wide, widePath := none, 0 // likewise for the last "**"
	for {
		switch {
		case strings.HasPrefix(glob[g:], "**"):
			for g < len(glob) && glob[g] == '*' {
				g++
			}
			wide, widePath, star = g, p, none
			continue
		case g < len(glob) && glob[g] == '*':
			g++
			star, starPath = g, p
			continue
		case g == len(glob) && p == len(path):
			return true
		case g < len(glob) && p < len(path) && glob[g] == path[p]:
			g, p = g+1, p+1
			continue
		}
		switch {
		case star != none && starPath < len(path) && path[starPath] != '/':
			starPath++
			g, p = star, starPath
		case wide != none && widePath < len(path):
			widePath++
			g, p, star = wide, widePath, none
		default:
			return false
		}
	}
}
