package ingest

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"footfall/aggregate"
)

// nearby notices sites of which every beacon carries one and the same private or
// loopback address: a proxy in front does not pass the visitors' addresses on,
// and all of them are counted as one. It remembers no other kind of address.
type nearby struct {
	mu    sync.RWMutex // protects sites
	sites map[aggregate.Site]*neighbour
}

type neighbour struct {
	addr    netip.Addr // of all beacons so far; invalid once there was another
	beacons uint64
}

func isNearby(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
}

// nobodys are the networks that RFC 5737, RFC 3849 and RFC 2544 keep for
// documentation and for measuring.
var nobodys = [...]netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("2001:db8::/32"),
}

func isNobodys(addr netip.Addr) bool {
	for _, n := range nobodys {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// see takes note of a beacon. What is settled costs one look.
func (n *nearby) see(site aggregate.Site, addr netip.Addr) {
	n.mu.RLock()
	one := n.sites[site]
	settled := one != nil && !one.addr.IsValid()
	n.mu.RUnlock()
	if settled {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	one = n.sites[site]
	if one == nil {
		if n.sites == nil {
			n.sites = map[aggregate.Site]*neighbour{}
		}
		one = &neighbour{addr: addr}
		n.sites[aggregate.Site(strings.Clone(string(site)))] = one
	}
	if one.addr != addr || !isNearby(addr) {
		one.addr = netip.Addr{}
	}
	one.beacons++
}

// Unproxied is a site whose visitors' addresses do not arrive.
type Unproxied struct {
	Site    aggregate.Site
	Beacons uint64 // since the start, all from one private or loopback address
}

// Unproxied lists the sites of which all beacons since the start carried one
// private or loopback address, in the order of their names.
func (d *Door) Unproxied() []Unproxied {
	d.nearby.mu.RLock()
	defer d.nearby.mu.RUnlock()
	var all []Unproxied
	for _, site := range slices.Sorted(maps.Keys(d.nearby.sites)) {
		if one := d.nearby.sites[site]; one.addr.IsValid() {
			all = append(all, Unproxied{site, one.beacons})
		}
	}
	return all
}
