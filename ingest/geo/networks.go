package geo

import (
	"bufio"
	_ "embed"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/oschwald/geoip2-golang/v2"
)

// Network is whose network an address is in. The zero value = not known.
type Network struct {
	Number  uint   // of the autonomous system
	Name    string // of the organization, as the file has it
	Hosting bool   // machines live there, and hardly any people
}

// Networks finds networks in the operator's ASN database. A nil *Networks knows none.
// It is safe for concurrent use, Refresh and Close included.
type Networks struct{ file *file[Network] }

// OpenNetworks opens an ASN database, as OpenIn does a country database.
func OpenNetworks(path, scratch string) (*Networks, error) {
	f, err := openFile(path, scratch, networkReader)
	if err != nil {
		return nil, err
	}
	return &Networks{f}, nil
}

// Refresh is like that of Places.
func (n *Networks) Refresh() (changed bool, err error) {
	if n == nil {
		return false, nil
	}
	return n.file.refresh()
}

// Find is the network of an address.
func (n *Networks) Find(addr netip.Addr) Network {
	addr = addr.Unmap().WithZone("")
	if n == nil || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return Network{}
	}
	network, _ := n.file.find(addr)
	return network
}

// Datacenter reports whether machines live in the network of an address, and hardly
// any people. It is a sign of a bot among others, and no more: hosting.txt says why.
func (n *Networks) Datacenter(addr netip.Addr) bool { return n.Find(addr).Hosting }

// Type is the type of the database as the file tells it, "GeoLite2-ASN".
func (n *Networks) Type() string {
	if n == nil {
		return ""
	}
	return n.file.kind()
}

// Close lets go of the database. Networks are not known from then on.
func (n *Networks) Close() error {
	if n == nil {
		return nil
	}
	return n.file.close()
}

// networkReader chooses how networks are read from a database of some type.
func networkReader(d *database[Network]) (read func(netip.Addr) (Network, error), err error) {
	kind := d.index.Metadata.DatabaseType
	switch {
	case d.flat("asn"):
		return func(addr netip.Addr) (Network, error) {
			var record struct {
				Number uint   `maxminddb:"autonomous_system_number"`
				Name   string `maxminddb:"autonomous_system_organization"`
			}
			err := d.index.Lookup(addr).Decode(&record)
			return network(record.Number, record.Name), err
		}, nil
	case d.db == nil, !strings.Contains(kind, "ASN") && !strings.Contains(kind, "ISP"):
		return nil, geoip2.UnknownDatabaseTypeError{DatabaseType: kind}
	}
	return func(addr netip.Addr) (Network, error) {
		r, err := d.db.ASN(addr)
		if err != nil {
			return Network{}, err
		}
		return network(r.AutonomousSystemNumber, r.AutonomousSystemOrganization), nil
	}, nil
}

func network(number uint, name string) Network {
	name = clean(name)
	return Network{number, name, hosting().judge(number, name)}
}

//go:embed hosting.txt
var hostingList string

// hosts are the networks in which machines live.
type hosts struct {
	networks map[uint]bool // false: people, whatever the name says
	words    map[string]bool
}

var hosting = sync.OnceValue(func() *hosts { return readHosting(hostingList) })

// readHosting reads hosting.txt, whose form its tests hold it to.
func readHosting(list string) *hosts {
	h := &hosts{networks: map[uint]bool{}, words: map[string]bool{}}
	section := ""
	for lines := bufio.NewScanner(strings.NewReader(list)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = line
		case section == "[words]":
			h.words[line] = true
		default:
			digits, _, _ := strings.Cut(line, " ")
			if number, err := strconv.ParseUint(digits, 10, 32); err == nil {
				h.networks[uint(number)] = section == "[networks]"
			}
		}
	}
	return h
}

func (h *hosts) judge(number uint, name string) bool {
	if listed, ok := h.networks[number]; ok {
		return listed
	}
	between := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	before := ""
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), between) {
		if h.words[word] || h.words[before+word] { // "data center"
			return true
		}
		before = word
	}
	return false
}
