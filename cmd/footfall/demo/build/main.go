// Command build makes places.mmdb, the demo's little database of places, of the
// list beside it.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func main() {
	if err := run("demo/places.tsv", "demo/places.mmdb"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(list, database string) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: "GeoIP2-City", RecordSize: 24, IPVersion: 4, BuildEpoch: 1, // the same bytes every time
		IncludeReservedNetworks: true,
		Languages:               []string{"en"}, Description: map[string]string{"en": "Made-up places of the demo"},
	})
	if err != nil {
		return err
	}
	f, err := os.Open(list)
	if err != nil {
		return err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		if err := insert(tree, strings.Split(lines.Text(), "\t")); err != nil {
			return fmt.Errorf("%q: %w", lines.Text(), err)
		}
	}
	out, err := os.Create(database)
	if err != nil {
		return err
	}
	if _, err := tree.WriteTo(out); err != nil {
		return err
	}
	return out.Close()
}

func insert(tree *mmdbwriter.Tree, columns []string) error {
	if len(columns) != 8 {
		return fmt.Errorf("%d columns, want 8", len(columns))
	}
	_, network, err := net.ParseCIDR(columns[0])
	if err != nil {
		return err
	}
	city, err := strconv.ParseUint(columns[6], 10, 32)
	if err != nil {
		return err
	}
	return tree.Insert(network, mmdbtype.Map{
		"country":      mmdbtype.Map{"iso_code": mmdbtype.String(columns[3])},
		"subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String(columns[4]), "names": english(columns[5])}},
		"city":         mmdbtype.Map{"geoname_id": mmdbtype.Uint32(city), "names": english(columns[7])},
	})
}

func english(name string) mmdbtype.Map { return mmdbtype.Map{"en": mmdbtype.String(name)} }
