package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"footfall/aggregate"
)

// database makes a database of one network.
func database(t *testing.T, kind, network string, record mmdbtype.Map) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, parsed, err := net.ParseCIDR(network)
	if err == nil {
		err = tree.Insert(parsed, record)
	}
	var out bytes.Buffer
	if err == nil {
		_, err = tree.WriteTo(&out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func inCountry(t *testing.T, code string) []byte {
	return database(t, "GeoLite2-Country", "198.51.100.0/24", mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(code)}})
}

// placed is a running server with the site example.com.
type placed struct {
	*Server
	t   *testing.T
	log buffer
}

func servePlaced(t *testing.T, flags serverFlags) *placed {
	t.Helper()
	p := &placed{t: t}
	flags.Listen, flags.StateDir, flags.CommitInterval, flags.TrustedProxies = "127.0.0.1:0", "none", time.Minute, "loopback"
	data := filepath.Join(t.TempDir(), "data")
	var err error
	if p.Server, err = OpenServer(serverOptions{data: data, flags: flags, log: &p.log}); err != nil {
		t.Fatal(err)
	}
	if err := p.db.AddSite("example.com", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p
}

// debug is the debug answer for a pageview from an address.
func (p *placed) debug(ip string, headers ...string) (answer map[string]any) {
	p.t.Helper()
	body := strings.NewReader(`{"n":"pageview","u":"https://example.com/"}`)
	r, err := http.NewRequest(http.MethodPost, p.URL()+"api/event", body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	r.Header.Set("X-Forwarded-For", ip)
	r.Header.Set("X-Debug-Request", "true")
	r.Header.Set("Accept-Language", "de")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		p.t.Fatalf("%v: %s", err, text)
	}
	return answer
}

func (p *placed) wantCountry(ip, want string, headers ...string) {
	p.t.Helper()
	if got := p.debug(ip, headers...)["country"]; got != want {
		p.t.Errorf("%s is in %v, want %s", ip, got, want)
	}
}

func TestCountriesAreKnownOutOfTheBox(t *testing.T) {
	p := servePlaced(t, serverFlags{})
	p.wantCountry("193.0.6.139", "NL")
	p.wantCountry("2001:67c:2e8:22::c100:68b", "NL")
	p.wantCountry("192.168.1.7", "(not set)")
	p.wantCountry("203.0.113.7", "(not set)")
	p.wantCountry("193.0.6.139", "NL", "CF-IPCountry: DE") // nobody has named that header
}

func TestANewDatabaseServesWithoutARestartAndABrokenOneIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "places.mmdb")
	put := func(content []byte, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if at := time.Now().Add(-age); os.Chtimes(file, at, at) != nil {
			t.Fatal("the file's time cannot be set")
		}
	}
	put(inCountry(t, "DE"), 4*time.Hour)
	p := servePlaced(t, serverFlags{GeoIP: file, CountryHeader: "CF-IPCountry"})
	p.wantCountry("198.51.100.7", "DE")
	p.wantCountry("198.51.100.7", "FR", "CF-IPCountry: FR")
	p.wantCountry("193.0.6.139", "NL") // not in the file

	put([]byte("broken"), 3*time.Hour)
	p.refreshPlaces()
	p.refreshPlaces()
	p.refreshPlaces()
	p.wantCountry("198.51.100.7", "DE")
	if log := p.log.String(); strings.Count(log, "refused") != 1 || !strings.Contains(log, "download it again") {
		t.Errorf("log of a broken file:\n%s\nwant that it is refused, once, and what to do", log)
	}

	put(inCountry(t, "AT"), 2*time.Hour)
	p.refreshPlaces()
	p.refreshPlaces()
	p.wantCountry("198.51.100.7", "AT")
	if log := p.log.String(); !strings.Contains(log, "a new database serves") || strings.Contains(log, "198.51.100") {
		t.Errorf("log of a new file:\n%s\nwant that it serves, and no address", log)
	}
	left, err := filepath.Glob(filepath.Join(p.data, "*.mmdb"))
	if err != nil || len(left) != 0 {
		t.Errorf("%v lie in the data directory (%v), want nothing", left, err)
	}
}

func TestDatabasesThatCannotBeUsedAreAnErrorAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(file, inCountry(t, "DE"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string]serverFlags{
		"no such file":         {GeoIP: file + "x"},
		"no such ASN file":     {ASN: file + "x"},
		"countries as --asn":   {ASN: file},
		"after one that works": {GeoIP: file, ASN: file + "x"},
	} {
		flags.Listen, flags.StateDir, flags.TrustedProxies = "127.0.0.1:0", "none", "loopback"
		s, err := OpenServer(serverOptions{data: filepath.Join(t.TempDir(), "data"), flags: flags})
		if err == nil {
			t.Errorf("%s: it starts", name)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestADataCentreAloneRefusesNobody: it takes another sign besides, here a browser
// that speaks no language.
func TestADataCentreAloneRefusesNobody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "networks.mmdb")
	hosters := database(t, "GeoLite2-ASN", "198.51.100.0/24", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500),
		"autonomous_system_organization": mmdbtype.String("Example Hosting Ltd")})
	if err := os.WriteFile(file, hosters, 0o600); err != nil {
		t.Fatal(err)
	}
	with, without := servePlaced(t, serverFlags{ASN: file}), servePlaced(t, serverFlags{})
	for _, c := range []struct {
		name     string
		server   *placed
		ip       string
		language string
		want     any
	}{
		{"a browser in a data centre", with, "198.51.100.7", "de", nil},
		{"a browser without a language", with, "203.0.113.7", "", nil},
		{"a browser without a language in a data centre", with, "198.51.100.7", "", "bot"},
		{"the same where no networks are known", without, "198.51.100.7", "", nil},
	} {
		if got := c.server.debug(c.ip, "Accept-Language: "+c.language)["dropped"]; got != c.want {
			t.Errorf("%s: dropped %v, want %v", c.name, got, c.want)
		}
	}
}

// TestTheDashboardCallsPlacesAsItsReadersDo: countries out of the box, regions and
// cities where the operator's database has their names.
func TestTheDashboardCallsPlacesAsItsReadersDo(t *testing.T) {
	names := func(en, de string) mmdbtype.Map {
		return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(en), "de": mmdbtype.String(de)}}
	}
	region := names("Bavaria", "Bayern")
	region["iso_code"] = mmdbtype.String("BY")
	file := filepath.Join(t.TempDir(), "places.mmdb")
	munich := database(t, "GeoLite2-City", "198.51.100.0/24", mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")},
		"subdivisions": mmdbtype.Slice{region}, "city": names("Munich", "München")})
	if err := os.WriteFile(file, munich, 0o600); err != nil {
		t.Fatal(err)
	}
	p := servePlaced(t, serverFlags{GeoIP: file, LocalAccess: true})
	r, err := http.NewRequest(http.MethodPost, p.URL()+"api/event", strings.NewReader(`{"n":"pageview","u":"https://example.com/"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("a visit from Munich: %v, %v", resp, err)
	}
	resp.Body.Close()
	page := func(query string) string {
		t.Helper()
		resp, err := http.Get(p.URL() + "example.com?period=today&" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: answered %d: %v", query, resp.StatusCode, err)
		}
		return string(text)
	}
	for report, want := range map[string][2]string{"countries": {"Deutschland", "Germany"}, "regions": {"Bayern", "Bavaria"}, "cities": {"München", "Munich"}} {
		for i, language := range []string{"de", "en"} {
			if text := page("report=" + report + "&lang=" + language); !strings.Contains(text, want[i]) {
				t.Errorf("%s in %s: %q is not on the page", report, language, want[i])
			}
		}
	}
}
