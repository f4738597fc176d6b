package aggregate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func getSetting(t *testing.T, s *Settings, key string) string {
	t.Helper()
	for _, k := range SettingKeys() {
		if k.Key == key {
			return k.Get(s)
		}
	}
	t.Fatalf("there is no setting %s", key)
	return ""
}

func TestListsAreSetAndReadBackInOneSpelling(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"hostnames", "site", "site"},
		{"hostnames", "", "site"},
		{"hostnames", "any", "any"},
		{"hostnames", " site , https://www.Shop.example/ ,*.blog.example, shop.example", "site,shop.example,*.blog.example"},
		{"shield_page", "/admin/**, /*/draft", "/admin/**,/*/draft"},
		{"shield_page", "none", "none"},
		{"shield_ip", "198.51.100.7, 198.51.100.0/24,::ffff:203.0.113.9, 2001:DB8::1/64", "198.51.100.7,198.51.100.0/24,203.0.113.9,2001:db8::/64"},
		{"shield_ip", "off", "none"},
		{"shield_country", "de, AT", "DE,AT"},
		{"paths", "tidy", "tidy"},
		{"paths", "as_is", "as_is"},
		{"beacons_per_day", "50000", "50000"},
		{"beacons_per_day", "off", "off"},
		{"umami_id", "4FB7FA4C-5B46-438D-94B3-3A8FB9BC2E8B", "4fb7fa4c-5b46-438d-94b3-3a8fb9bc2e8b"},
		{"umami_id", "none", "none"},
	} {
		s := DefaultSettings()
		if err := s.Set(c.key, c.value); err != nil {
			t.Errorf("%s=%s: %v", c.key, c.value, err)
		}
		if got := getSetting(t, &s, c.key); got != c.want {
			t.Errorf("%s=%s: got %q, want %q", c.key, c.value, got, c.want)
		}
		stored, err := json.Marshal(s)
		var back Settings
		if err != nil || json.Unmarshal(stored, &back) != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%s=%s: got %s from storage, want what was set", c.key, c.value, stored)
		}
	}
}

func TestWhatIsNoListIsRefusedWithAReason(t *testing.T) {
	for _, c := range []struct{ key, value string }{
		{"hostnames", "any,example.com"},
		{"hostnames", "not a host"},
		{"shield_page", "admin"},
		{"shield_ip", "198.51.100.0/33"},
		{"shield_ip", "office"},
		{"shield_country", "Germany"},
		{"paths", "upside_down"},
		{"beacons_per_day", "-1"},
		{"umami_id", "two words"},
		{"shield_page", "/" + strings.Repeat(",/x", 600) + listOfPages(600)},
	} {
		s := DefaultSettings()
		if err := s.Set(c.key, c.value); !errors.Is(err, ErrSetting) {
			t.Errorf("%s=%.40s: got %v, want an error of settings", c.key, c.value, err)
		}
		if want := DefaultSettings(); !reflect.DeepEqual(s, want) {
			t.Errorf("%s=%.40s changed the settings all the same", c.key, c.value)
		}
	}
}

func listOfPages(n int) string {
	var list strings.Builder
	for i := range n {
		fmt.Fprintf(&list, ",/page/%d", i)
	}
	return list.String()
}

func TestARefusedHostIsAllowedBesideTheOthers(t *testing.T) {
	s := DefaultSettings()
	for _, step := range []struct{ host, want string }{
		{"shop.example", "site,shop.example"},
		{"shop.example", "site,shop.example"},
		{"www.blog.example", "site,shop.example,blog.example"},
	} {
		if err := s.AllowHost(step.host); err != nil {
			t.Fatal(err)
		}
		if got := getSetting(t, &s, "hostnames"); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.host, got, step.want)
		}
	}
	for _, host := range []string{"", "any", "site", "*", "a.example,b.example", "*.example.org", "a b"} {
		if err := s.AllowHost(host); !errors.Is(err, ErrSetting) {
			t.Errorf("%q: got %v, want ErrSetting", host, err)
		}
	}
	s.Hostnames = []string{AnyHost}
	if err := s.AllowHost("shop.example"); err != nil || s.Hostnames[0] != AnyHost {
		t.Errorf("got %v and %v, want any host to stay allowed", s.Hostnames, err)
	}
}

func TestAnAddressIsShieldedAsWhatOneCustomerHas(t *testing.T) {
	s := DefaultSettings()
	for _, step := range []struct{ addr, want string }{
		{"198.51.100.7", "198.51.100.7"},
		{"::ffff:198.51.100.7", "198.51.100.7"},
		{"2001:db8:1:2:3:4:5:6", "198.51.100.7,2001:db8:1:2::/64"},
		{"2001:db8:1:2::9", "198.51.100.7,2001:db8:1:2::/64"},
		{"fe80::1%eth0", "198.51.100.7,2001:db8:1:2::/64,fe80::/64"},
	} {
		if err := s.ShieldAddress(netip.MustParseAddr(step.addr)); err != nil {
			t.Fatal(err)
		}
		if got := getSetting(t, &s, "shield_ip"); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.addr, got, step.want)
		}
	}
	if err := s.ShieldAddress(netip.Addr{}); !errors.Is(err, ErrSetting) {
		t.Errorf("got %v for no address, want ErrSetting", err)
	}
}
