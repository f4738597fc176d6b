package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/ingest/geo/ranges"
)

var day = time.Date(2026, 6, 17, 0, 0, 0, 0, time.UTC)

// made merges networks written as "1.0.0.0/24 AU", of one family.
func made(t *testing.T, family int, registered, announced, byHand string) []string {
	t.Helper()
	read := func(text string) (l line) {
		for item := range strings.SplitSeq(text, ",") {
			if network, country, ok := strings.Cut(strings.TrimSpace(item), " "); ok {
				l.add(netip.MustParsePrefix(network), country)
			}
		}
		l.sort()
		return l
	}
	var got []string
	all := merge(lines{read(registered), read(announced), read(byHand), special[family]}, family)
	for _, r := range all {
		text := r.First.String() + "-" + r.Last.String() + " " + r.Country
		got = append(got, text)
	}
	if _, err := ranges.Append(nil, day, all); err != nil {
		t.Errorf("the table refuses %v: %v", got, err)
	}
	return got
}

func TestWhereARangeIsRegisteredCountsMoreThanWhoAnnouncesIt(t *testing.T) {
	cases := []struct {
		name                          string
		family                        int
		registered, announced, byHand string
		want                          []string
	}{
		{"registered", four, "1.0.0.0/24 DE", "1.0.0.0/24 US", "", []string{"1.0.0.0-1.0.0.255 DE"}},
		{"gaps filled", four, "1.0.0.0/24 DE", "1.0.0.0/23 US", "", []string{"1.0.0.0-1.0.0.255 DE", "1.0.1.0-1.0.1.255 US"}},
		{"AFRINIC's own country", four, "1.0.0.0/24 MU", "1.0.0.0/25 ZA", "", []string{"1.0.0.0-1.0.0.127 ZA", "1.0.0.128-1.0.0.255 MU"}},
		{"letter boxes", four, "1.0.0.0/24 SC", "1.0.0.0/24 HK", "", []string{"1.0.0.0-1.0.0.255 HK"}},
		{"Australia", four, "1.0.0.0/24 AU", "1.0.0.0/24 JP", "", []string{"1.0.0.0-1.0.0.255 AU"}},
		{"APNIC's own country", six, "2400::/32 AU", "2400::/32 JP", "", []string{"2400::-2400:0:ffff:ffff:ffff:ffff:ffff:ffff JP"}},
		{"a French group abroad", four, "1.0.0.0/24 FR", "1.0.0.0/24 ES", "", []string{"1.0.0.0-1.0.0.255 ES"}},
		{"France", four, "1.0.0.0/24 FR", "1.0.0.0/24 DE", "", []string{"1.0.0.0-1.0.0.255 FR"}},
		{"by hand", four, "1.0.0.0/24 DE", "1.0.0.0/24 US", "1.0.0.64/26 AT",
			[]string{"1.0.0.0-1.0.0.63 DE", "1.0.0.64-1.0.0.127 AT", "1.0.0.128-1.0.0.255 DE"}},
		{"special", four, "9.0.0.0/8 US, 10.0.0.0/8 US, 11.0.0.0/8 US", "", "", []string{"9.0.0.0-9.255.255.255 US", "11.0.0.0-11.255.255.255 US"}},
		{"6to4 and documentation", six, "2002::/17 FR, 2001:db8::/32 DE", "2002::/16 US", "", nil},
		{"parts of a /64", six, "2400::/80 DE, 2400:0:0:0:8000::/65 FR, 2400:1::/64 AT", "", "",
			[]string{"2400::-2400::ffff:ffff:ffff:ffff DE", "2400:1::-2400:1::ffff:ffff:ffff:ffff AT"}},
		{"the last address", four, "223.255.255.0/24 AU", "", "", []string{"223.255.255.0-223.255.255.255 AU"}},
	}
	for _, c := range cases {
		if got := made(t, c.family, c.registered, c.announced, c.byHand); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCorrectionsAreReadAndNeedAReason(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corrections.txt")
	for text, ok := range map[string]bool{
		"# nothing\n\n1.0.0.0/24 DE a reason\n2400::/32 AT another": true,
		"1.0.0.0/24 DE":           false,
		"1.0.0.0/24 EU a reason":  false,
		"1.0.0.1/24 DE a reason":  false,
		"1.0.0.0 DE a reason":     false,
		"1.0.0.0/24 Germany, see": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := readCorrections(path)
		if (err == nil) != ok || ok && (len(l[four]) != 1 || len(l[six]) != 1) {
			t.Errorf("%q: %v (%v), want that it is read: %v", text, l, err, ok)
		}
	}
	if _, err := readCorrections("../" + corrections); err != nil {
		t.Error(err)
	}
}
