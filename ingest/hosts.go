package ingest

import (
	"strings"

	"footfall/aggregate"
)

// The hostname rule. A page counts where its host does under the site's setting
// `hostnames`; and where the request says by itself which page it comes from
// (Origin, Referer), that page's host must be the same one or count as well. So a
// copy of the site that sends the true site's addresses is found too. Requests of
// servers have neither header. "Origin: null" comes from sandboxed frames and
// from files, and says nothing.
//
// With the setting `any`, every host counts and the headers are not compared.

// hostRefused is the host because of which the ticket's beacon does not count.
// ok is false where it does.
func (t *Ticket) hostRefused(site aggregate.Site, settings *aggregate.Settings, who *Caller) (host string, refused bool) {
	allowed := settings.Hostnames
	if len(allowed) == 1 && allowed[0] == aggregate.AnyHost {
		return "", false
	}
	page := t.Beacon.page.host
	if !t.hostCounts(allowed, site, page) {
		return page, true
	}
	for _, header := range [...]string{who.Origin, who.Referer} {
		if header == "" || header == "null" || isOn(header, page) {
			continue
		}
		from, problem := t.text.splitURL(header)
		if problem == "" && from.host != "" && from.host != page && !t.hostCounts(allowed, site, from.host) {
			return from.host, true
		}
	}
	return "", false
}

// isOn reports whether a header is an address on a host, in the spelling in which
// browsers send it: the usual case, told without taking the address apart.
func isOn(header, host string) bool {
	rest, ok := strings.CutPrefix(header, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(header, "http://"); !ok {
			return false
		}
	}
	rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, "www."), host)
	return ok && (rest == "" || rest[0] == '/')
}

// hostCounts judges one host by the setting. "*.example.com" means every host
// below example.com.
func (t *Ticket) hostCounts(allowed []string, site aggregate.Site, host string) bool {
	if len(allowed) == 0 {
		return t.isOwn(site, host)
	}
	for _, name := range allowed {
		if name == aggregate.OwnHosts {
			if t.isOwn(site, host) {
				return true
			}
		} else if below, ok := strings.CutPrefix(name, "*"); ok {
			if len(host) > len(below) && strings.HasSuffix(host, below) {
				return true
			}
		} else if host == name {
			return true
		}
	}
	return false
}

// isOwn reports whether a host is the site's domain or below it, or that of
// another site which the same beacon is for: who counts two sites together names
// both in the script. Apps have no host; and what runs on the sender's own
// machine is a site in the making, which the script reports only when told to.
func (t *Ticket) isOwn(site aggregate.Site, host string) bool {
	if host == "" || isLocalHost(host) || within(host, site) {
		return true
	}
	if len(t.sites) > 1 {
		for _, other := range t.sites {
			if within(host, other) {
				return true
			}
		}
	}
	return false
}

// within reports whether host is the site's domain or below it.
func within(host string, site aggregate.Site) bool {
	domain := string(site)
	if i := strings.LastIndexByte(domain, ':'); i > 0 && strings.IndexByte(domain, ':') == i {
		domain = domain[:i] // a port; an IPv6 address has more colons
	}
	below, ok := strings.CutSuffix(host, domain)
	return ok && domain != "" && (below == "" || below[len(below)-1] == '.')
}

// isLocalHost recognizes the machine of whoever asks.
func isLocalHost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "::1" || host == "0.0.0.0" ||
		strings.HasPrefix(host, "127.") && strings.Trim(host, "0123456789.") == ""
}

// ledgerHost is a host as it may stand in the drop ledger: not one that holds an
// address, which nobody could tell from a visitor's there.
func ledgerHost(host string) string {
	if strings.IndexByte(host, ':') >= 0 {
		return ""
	}
	numbers := 0
	for label := range strings.SplitSeq(host, ".") {
		if numbers++; label == "" || strings.Trim(label, "0123456789") != "" {
			numbers = 0
		}
		if numbers == 4 {
			return ""
		}
	}
	return cut(host, 100)
}
