package spam

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListedHostsAndThoseBelowThemAreSpam(t *testing.T) {
	l := Builtin()
	for host, want := range map[string]string{
		"semalt.com":                          "semalt.com",
		"seo.semalt.com":                      "semalt.com",
		"www.buttons-for-website.com":         "buttons-for-website.com",
		"a.b.c.d.e.f.g.h.i.j.k.darodar.com":   "darodar.com",
		"news.grets.store":                    "grets.store",
		"xn--oogle-wmc.com":                   "xn--oogle-wmc.com",
		"semalt.com.":                         "semalt.com",
		"notsemalt.com":                       "",
		"com":                                 "",
		"":                                    "",
		"google.com":                          "",
		"semalt.com.example.org":              "",
		"4webmasters.org":                     "4webmasters.org",
		strings.Repeat("a.", 100) + "erot.co": "erot.co",
	} {
		if got, ok := l.Match(host); got != want || ok != (want != "") {
			t.Errorf("%.60q: got %q, %t, want %q", host, got, ok, want)
		}
	}
	if l.Len() < 300 {
		t.Errorf("got %d hosts, want the whole list", l.Len())
	}
}

func TestNobodyKnownStandsOnTheList(t *testing.T) {
	for _, host := range []string{"google.com", "www.bing.com", "t.co", "l.facebook.com", "out.reddit.com", "chatgpt.com", "github.com",
		"news.ycombinator.com", "duckduckgo.com", "baidu.com", "yandex.ru", "mail.ru", "vk.com", "blogspot.com", "example.com", "abc.xyz"} {
		if entry, ok := Builtin().Match(host); ok {
			t.Errorf("%s is refused for %s", host, entry)
		}
	}
}

func TestAFileAddsAndTakesAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "spam.txt")
	text := "# ours\nSpam.example\n\n!semalt.com\nwww.other.example # seen in May\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"a.spam.example": true, "other.example": true, "semalt.com": false, "darodar.com": true} {
		if _, got := l.Match(host); got != want {
			t.Errorf("%s: got spam %t, want %t", host, got, want)
		}
	}
	if _, ok := Builtin().Match("semalt.com"); !ok {
		t.Error("a file has changed the built-in list")
	}
}

func TestAFileThatIsNoListIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for a missing file", err)
	}
	for _, text := range []string{"https://spam.example/", "*.spam.example", "spam", "two words", "!", "a.example\n???"} {
		file := filepath.Join(dir, "list")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); !errors.Is(err, ErrList) {
			t.Errorf("%q: got %v, want ErrList", text, err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	l := Builtin()
	b.ReportAllocs()
	for b.Loop() {
		l.Match("news.some-newspaper.example.org")
	}
}
