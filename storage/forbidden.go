package storage

import (
	"bytes"
	"net/netip"
)

// agentMarks are what user agents are made of and nothing else is.
var agentMarks = [][]byte{
	[]byte("Mozilla/5.0"), []byte("Mozilla/4.0"), []byte("AppleWebKit/"), []byte("(KHTML, like Gecko)"),
	[]byte("Gecko/20100101"), []byte("python-requests/"), []byte("Dalvik/"),
}

func looksLikeAgent(b []byte) bool {
	for _, mark := range agentMarks {
		if bytes.Contains(b, mark) {
			return true
		}
	}
	return false
}

// shortestAddress is how many digits an IPv6 address has that is taken for one:
// shorter ones ("::1", "AE:9::") are met by chance in compressed bytes.
const shortestAddress = 8

// findAddresses finds dotted quads and IPv6 addresses.
func findAddresses(b []byte) (found []string) {
	for i := 0; i < len(b); {
		if !addressByte[b[i]] {
			i++
			continue
		}
		end := i
		dots, colons := 0, 0
		for end < len(b) && addressByte[b[end]] {
			switch b[end] {
			case '.':
				dots++
			case ':':
				colons++
			}
			end++
		}
		if dots >= 3 || colons >= 3 {
			found = appendAddresses(found, b[i:end], dots, colons)
		}
		i = end
	}
	return found
}

// addressByte are the bytes that addresses are written with.
var addressByte = func() (is [256]bool) {
	for _, c := range []byte("0123456789abcdefABCDEF.:") {
		is[c] = true
	}
	return is
}()

// appendAddresses finds the addresses in a run of address bytes.
func appendAddresses(found []string, run []byte, dots, colons int) []string {
	if colons >= 3 {
		// A port or a full stop may follow, hexadecimal text may stand before.
		for _, s := range [][]byte{run, bytes.Trim(run, ".:"), bytes.TrimRight(run, ".")} {
			digits := len(s) - bytes.Count(s, []byte(":"))
			if a, err := netip.ParseAddr(string(s)); err == nil && len(s) <= 45 && digits >= shortestAddress {
				return append(found, a.String())
			}
		}
	}
	if dots < 3 {
		return found
	}
	for start := 0; start < len(run); {
		end := start
		for end < len(run) && (run[end] == '.' || run[end] >= '0' && run[end] <= '9') {
			end++
		}
		s := bytes.Trim(run[start:end], ".")
		if a, err := netip.ParseAddr(string(s)); err == nil {
			found = append(found, a.String())
		}
		start = end + 1
	}
	return found
}
