package importer

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"footfall/ingest"
)

// logReader reads access logs in the format that Apache calls combined, and its
// shorter form without referrer and agent, common:
//
//	[host[:port]] address ident user [02/Jan/2006:15:04:05 -0700] "GET /path HTTP/1.1" status bytes "referrer" "agent" ...
type logReader struct {
	common bool
	view   viewer
}

const logTime = "02/Jan/2006:15:04:05 -0700"

func (r *logReader) read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error) {
	*who = ingest.Caller{NoAgent: r.common}
	text := string(line)
	var req request
	if req.host, who.Addr, err = logHost(text); err != nil {
		return "", err
	}
	_, rest, ok := strings.Cut(text, " [")
	stamp, rest, closed := strings.Cut(rest, "] ")
	if !ok || !closed {
		return "", errTime
	}
	if who.At, err = time.Parse(logTime, stamp); err != nil || checkTime(who.At) != nil {
		return "", errTime
	}
	first, rest, ok := quoted(rest)
	if !ok {
		return "", errShape
	}
	req.method, req.target, _ = strings.Cut(first, " ")
	req.target, _, _ = strings.Cut(req.target, " ")
	code, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if req.status, err = strconv.Atoi(code); err != nil {
		return "", errShape
	}
	if !r.common {
		_, rest, _ = strings.Cut(rest, " ") // the length
		if req.referrer, rest, ok = quoted(rest); !ok {
			return "", errShape
		}
		agent, _, ok := quoted(rest)
		if !ok {
			return "", errShape
		}
		if agent != "-" {
			who.Agent = []byte(agent)
		}
	}
	return r.view.read(t, &req)
}

// logHost reads the beginning of a line: the address, behind a host or not.
func logHost(line string) (host string, addr netip.Addr, err error) {
	first, rest, _ := strings.Cut(line, " ")
	if addr, err = netip.ParseAddr(first); err == nil {
		return "", addr.Unmap().WithZone(""), nil
	}
	second, _, _ := strings.Cut(rest, " ")
	if addr, err = netip.ParseAddr(second); err == nil {
		return first, addr.Unmap().WithZone(""), nil
	}
	return "", addr, errAddress
}

// quoted takes a text in quotes off the beginning of rest. Servers escape quotes
// and bytes within it: \" \\ \t \x22.
func quoted(rest string) (text, tail string, ok bool) {
	rest = strings.TrimLeft(rest, " ")
	if rest == "" || rest[0] != '"' {
		return "", rest, false
	}
	escaped := false
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			if text = rest[1:i]; escaped {
				text = unescape(text)
			}
			return text, rest[i+1:], true
		}
	}
	return "", rest, false
}

func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'x':
			if i+2 < len(text) {
				if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
					out.WriteByte(byte(n))
					i += 2
					continue
				}
			}
			out.WriteString(`\x`)
		case 'n', 'r', 't', 'b', 'v':
			out.WriteByte(' ')
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
