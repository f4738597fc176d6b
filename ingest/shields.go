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
		if aggregate.MatchGlob(glob, page) {
			return true
		}
	}
	return false
}
