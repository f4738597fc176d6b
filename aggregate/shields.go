package aggregate

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Words that stand in Settings.Hostnames beside the names of hosts.
const (
	OwnHosts = "site" // the site's domain and those below it
	AnyHost  = "any"  // alone: no limit
)

// maxList is the most entries of a setting that is a list: each beacon is
// compared with all of them.
const maxList = 500

// AllowHost lets pages of one more host count. The error wraps ErrSetting.
func (s *Settings) AllowHost(host string) error {
	one, err := ParseSite(host)
	if err != nil || one == OwnHosts || one == AnyHost || strings.Contains(string(one), "*") {
		return fmt.Errorf("%w hostnames: %q is no host", ErrSetting, host)
	}
	hosts := s.Hostnames
	switch {
	case len(hosts) == 0:
		hosts = []string{OwnHosts}
	case hosts[0] == AnyHost:
		return nil
	}
	return s.Set("hostnames", strings.Join(append(slices.Clone(hosts), string(one)), ","))
}

// ShieldAddress refuses whoever comes from an address: that of a team's office, say.
// Of IPv6 its /64 is refused, which is what one customer has at the least, and in
// which devices change their address every day. The error wraps ErrSetting.
func (s *Settings) ShieldAddress(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return fmt.Errorf("%w shield_ip: there is no address to shield", ErrSetting)
	}
	return s.Set("shield_ip", networks(append(slices.Clone(s.ShieldIPs), network)))
}

// listOr is a list as text, or the word for an empty one.
func listOr(word string, list []string) string {
	if len(list) == 0 {
		return word
	}
	return strings.Join(list, ",")
}

// entries takes a list apart: no blanks, nothing twice.
func entries(value string) ([]string, error) {
	var all []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(all, part) {
			all = append(all, part)
		}
	}
	if len(all) > maxList {
		return nil, fmt.Errorf("at most %d entries, not %d", maxList, len(all))
	}
	return all, nil
}

func setHostnames(s *Settings, value string) error {
	names, err := entries(value)
	if err != nil {
		return err
	}
	var hosts []string
	for _, name := range names {
		switch {
		case name == AnyHost && len(names) == 1, name == OwnHosts:
			hosts = append(hosts, name)
			continue
		case name == AnyHost:
			return errors.New("any stands alone: it allows every host")
		}
		host, err := hostPattern(name)
		if err != nil {
			return err
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 1 && hosts[0] == OwnHosts {
		hosts = nil
	}
	s.Hostnames = hosts
	return nil
}

// hostPattern is a host, or all below one ("*.example.com"), as it is compared.
func hostPattern(name string) (string, error) {
	name, below := strings.CutPrefix(name, "*.")
	host, err := ParseSite(name)
	if err != nil {
		return "", err
	}
	if below {
		host = "*." + host
	}
	return string(host), nil
}

// setEmbedHosts takes hosts as they stand in a Content-Security-Policy.
func setEmbedHosts(s *Settings, value string) error {
	s.EmbedHosts = nil
	if none(value) {
		return nil
	}
	names, err := entries(value)
	if err != nil {
		return err
	}
	for _, name := range names {
		host, err := hostPattern(name)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(host, func(r rune) bool { return r > 0x7e || r == '*' && !strings.HasPrefix(host, "*.") }) {
			return fmt.Errorf("%q is no host as a browser compares it: write it in ASCII (xn--...)", host)
		}
		s.EmbedHosts = append(s.EmbedHosts, host)
	}
	return nil
}

// none are the words that empty a list.
func none(value string) bool { return value == "" || value == "none" || value == "off" }

func setShieldPages(s *Settings, value string) error {
	if none(value) {
		s.ShieldPages = nil
		return nil
	}
	globs, err := entries(value)
	if err != nil {
		return err
	}
	for _, glob := range globs {
		if glob[0] != '/' && glob[0] != '*' || len(glob) > MaxGlob {
			return fmt.Errorf("%q is no pattern of a path: it begins with / or *", glob)
		}
	}
	s.ShieldPages = globs
	return nil
}

func setShieldIPs(s *Settings, value string) error {
	if none(value) {
		s.ShieldIPs = nil
		return nil
	}
	texts, err := entries(value)
	if err != nil {
		return err
	}
	var networks []netip.Prefix
	for _, text := range texts {
		network, err := parseNetwork(text)
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a network such as 198.51.100.0/24", text)
		}
		if !slices.Contains(networks, network) {
			networks = append(networks, network)
		}
	}
	s.ShieldIPs = networks
	return nil
}

// parseNetwork reads a network, or an address as the network of it alone. IPv4
// within IPv6 becomes IPv4, as the addresses do that it is compared with.
func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err == nil && network.Addr().Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), err
}

// networks is a list of networks as text, addresses without their length.
func networks(list []netip.Prefix) string {
	var texts []string
	for _, n := range list {
		if n.IsSingleIP() {
			texts = append(texts, n.Addr().String())
		} else {
			texts = append(texts, n.String())
		}
	}
	return listOr("none", texts)
}

func setShieldCountries(s *Settings, value string) error {
	if none(value) {
		s.ShieldCountries = nil
		return nil
	}
	codes, err := entries(strings.ToUpper(value))
	if err != nil {
		return err
	}
	for _, code := range codes {
		if len(code) != 2 || code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' {
			return fmt.Errorf("%q is no country code of two letters, such as DE", code)
		}
	}
	s.ShieldCountries = codes
	return nil
}

func setPaths(s *Settings, value string) error {
	switch value {
	case "as_is":
		s.TidyPaths = false
	case "tidy":
		s.TidyPaths = true
	default:
		return fmt.Errorf("%q is neither as_is nor tidy", value)
	}
	return nil
}

func pathsText(s *Settings) string {
	if s.TidyPaths {
		return "tidy"
	}
	return "as_is"
}

func setUmamiID(s *Settings, value string) error {
	if none(value) {
		s.UmamiID = ""
		return nil
	}
	if len(value) > 100 || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r == 0x7f }) {
		return fmt.Errorf("%q is no website id", value)
	}
	s.UmamiID = strings.ToLower(value)
	return nil
}

func setBeaconsPerDay(s *Settings, value string) error {
	if none(value) {
		s.BeaconsPerDay = 0
		return nil
	}
	return setNumber(1, 1_000_000_000, func(s *Settings) *int { return &s.BeaconsPerDay })(s, value)
}

// single is a list of one text, empty for a blank one.
func single(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func numberOr(word string, n int) string {
	if n == 0 {
		return word
	}
	return strconv.Itoa(n)
}
