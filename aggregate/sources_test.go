package aggregate

import (
	"errors"
	"strings"
	"testing"
)

func TestASiteHasItsOwnNamesOfSources(t *testing.T) {
	s := DefaultSettings()
	for _, c := range []struct{ value, want string }{
		{"none", "none"},
		{"partner.example=Partner", "partner.example=Partner"},
		{" Partner.Example = The Partner , t.co=Twitter,Ö=ö", "partner.example=The Partner,t.co=Twitter,ö=ö"},
		{"a=b=c", "a=b=c"},
		{"", "none"},
	} {
		if err := s.Set("sources", c.value); err != nil {
			t.Errorf("%q: %v", c.value, err)
		}
		if got := getSetting(t, &s, "sources"); got != c.want {
			t.Errorf("%q became %q, want %q", c.value, got, c.want)
		}
	}
	for _, value := range []string{"partner.example", "=Partner", "partner.example=", "a=b,A=c", "a=b\x01", "a=" + strings.Repeat("x", 101)} {
		if err := s.Set("sources", value); !errors.Is(err, ErrSetting) {
			t.Errorf("%q: got %v, want ErrSetting", value, err)
		}
	}
}
