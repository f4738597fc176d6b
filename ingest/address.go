package ingest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Proxies are the hosts whose word on a client's address is believed.
type Proxies struct{ prefixes []netip.Prefix }

// ErrProxies is returned for a list of trusted proxies that cannot be read.
var ErrProxies = errors.New("trusted proxies")

// proxyNames are the short names of lists that everybody needs.
var proxyNames = map[string][]string{
	"none":     {},
	"loopback": {"127.0.0.0/8", "::1/128"},
	// RFC 1918, RFC 4193, and link-local addresses (RFC 3927, RFC 4291).
	"private": {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "169.254.0.0/16", "fe80::/10"},
}

// ParseProxies reads a list of networks, addresses and short names (loopback,
// private, none), separated by commas or spaces. The error wraps ErrProxies.
func ParseProxies(list string) (Proxies, error) {
	var p Proxies
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		named, ok := proxyNames[strings.ToLower(item)]
		if !ok {
			named = []string{item}
		}
		for _, text := range named {
			prefix, err := parsePrefix(text)
			if err != nil {
				return Proxies{}, fmt.Errorf("%w: %q is no network (want 10.0.0.0/8, an address, loopback, private or none)", ErrProxies, text)
			}
			p.prefixes = append(p.prefixes, prefix)
		}
	}
	return p, nil
}

// parsePrefix reads a network or an address. IPv4 within IPv6 becomes IPv4, as
// client addresses do.
func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

// None reports whether nobody is trusted.
func (p Proxies) None() bool { return len(p.prefixes) == 0 }

// Trust reports whether addr is a trusted proxy.
func (p Proxies) Trust(addr netip.Addr) bool {
	for _, prefix := range p.prefixes {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// client is the rightmost address of chain that is no trusted proxy. The chain
// holds what forwarding headers said, in their order, an invalid address where
// they said nothing usable: beyond such a gap nobody's word counts, and the
// client is the proxy that left it. via are the proxies that were passed, the
// one next to the client first.
func (p Proxies) client(peer netip.Addr, chain []netip.Addr) (client netip.Addr, via []netip.Addr) {
	client = peer
	i := len(chain)
	for i > 0 && p.Trust(client) && chain[i-1].IsValid() {
		i--
		client = chain[i]
	}
	if i == len(chain) {
		return client, nil
	}
	return client, chain[i+1:]
}

// appendList appends the addresses of an X-Forwarded-For header, or of any other
// that is a list of addresses.
func appendList(chain []netip.Addr, header string) []netip.Addr {
	for header != "" {
		var item string
		item, header, _ = strings.Cut(header, ",")
		if item = strings.TrimSpace(item); item != "" {
			chain = append(chain, parseNode(item))
		}
	}
	return chain
}

// appendForwarded appends the addresses of a Forwarded header (RFC 7239), one for
// each element. An element without an address is a gap, and so is everything
// from an unfinished quotation on.
func appendForwarded(chain []netip.Addr, header string) []netip.Addr {
	for header != "" {
		var element string
		var ok bool
		if element, header, ok = cutQuoted(header, ','); !ok {
			return append(chain, netip.Addr{})
		}
		if strings.TrimSpace(element) != "" {
			chain = append(chain, forwardedFor(element))
		}
	}
	return chain
}

// forwardedFor is the address in an element's "for" parameter.
func forwardedFor(element string) netip.Addr {
	for element != "" {
		var pair string
		pair, element, _ = cutQuoted(element, ';')
		name, value, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "for") {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		return parseNode(value)
	}
	return netip.Addr{}
}

// cutQuoted cuts text around the first separator outside of quotes. ok is false
// where a quotation is not finished.
func cutQuoted(text string, separator byte) (before, after string, ok bool) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && c == separator:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", !quoted
}

// parseNode reads an address, with or without brackets and a port. It is invalid
// for everything else ("unknown", "_hidden", garbage).
func parseNode(text string) netip.Addr {
	if text == "" || len(text) > 64 {
		return netip.Addr{}
	}
	port := ""
	if text[0] == '[' {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return netip.Addr{}
		}
		text, port = text[1:end], text[end+1:]
	} else if i := strings.IndexByte(text, ':'); i >= 0 && i == strings.LastIndexByte(text, ':') {
		text, port = text[:i], text[i:]
	}
	if !validPort(port) || text == "" || !isHex(text[0]) && text[0] != ':' {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return plain(addr)
}

// plain is an address as it is compared and hashed: IPv4 within IPv6 is IPv4,
// and zones, which mean something on one host only, are gone.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
