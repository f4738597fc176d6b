package words

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// split takes a key in a file apart: "pages [one]".
func split(key string) (name, form string) {
	name, rest, _ := strings.Cut(key, " [")
	return name, strings.TrimSuffix(rest, "]")
}

// forms are the names of a catalogue with the plural forms that each has.
func forms(c catalogue) map[string][]string {
	all := map[string][]string{}
	for key := range c {
		if name, form := split(key); form == "us" {
			continue
		} else if form != "" {
			all[name] = append(all[name], form)
		} else {
			all[name] = append(all[name], "")
		}
	}
	return all
}

func TestEveryLanguageHasEveryText(t *testing.T) {
	english := forms(catalogues["en"])
	for _, l := range Languages() {
		own := forms(catalogues[l.Tag])
		for _, name := range slices.Sorted(maps.Keys(english)) {
			if own[name] == nil {
				t.Errorf("%s.txt lacks %q", l.Tag, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(own)) {
			if english[name] == nil {
				t.Errorf("%s.txt has %q, which is not in en.txt", l.Tag, name)
			}
		}
	}
}

func TestPluralFormsAreComplete(t *testing.T) {
	english := forms(catalogues["en"])
	for _, l := range Languages() {
		for name, got := range forms(catalogues[l.Tag]) {
			slices.Sort(got)
			plural := !slices.Equal(english[name], []string{""})
			switch {
			case !plural && !slices.Equal(got, []string{""}):
				t.Errorf("%s.txt: %q has the forms %q, but is no plural in English", l.Tag, name, got)
			case plural && l.Tag == "ja" && slices.Equal(got, []string{""}): // one form needs no name
			case plural:
				got = slices.DeleteFunc(got, func(form string) bool { return form == "many" })
				if want := pluralForms[l.Tag]; !slices.Equal(got, want) {
					t.Errorf("%s.txt: %q has the forms %q, want %q", l.Tag, name, got, want)
				}
			}
		}
	}
}

// dateLike are patterns in which languages may leave parts out.
var dateLike = regexp.MustCompile(`^(date|range|clock)`)

func TestEveryLanguageHasTheSamePlaceholdersAndMarks(t *testing.T) {
	signs := func(x text) (all []string) {
		for _, p := range x {
			switch {
			case p.name != "" && p.name != "n":
				all = append(all, p.name)
			case p.mark == codeMark:
				all = append(all, "`")
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	for _, l := range Languages() {
		for key, x := range catalogues[l.Tag] {
			name, _ := split(key)
			model, ok := catalogues["en"][name]
			if !ok {
				model = catalogues["en"][name+" [other]"]
			}
			if dateLike.MatchString(name) {
				continue
			}
			if got, want := signs(x), signs(model); !slices.Equal(got, want) {
				t.Errorf("%s.txt: %q has %q, want %q as in English", l.Tag, key, got, want)
			}
		}
	}
}

// literals are the quoted texts of the interface's sources, in which keys stand.
var literals = regexp.MustCompile("\"([a-z0-9_]+(?:\\.[a-z0-9_]*)*)\"")

// said are calls with a key, whose text has to exist.
var said = regexp.MustCompile(`(?:\bsay|\bmark|\.Say|\.Mark|sayMessage\([^"]*)[ (]"([^"]+)"`)

// comments name keys as examples.
var comments = regexp.MustCompile(`(?m)^\s*//.*$`)

func sources(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") ||
			!slices.Contains([]string{".go", ".html"}, filepath.Ext(path)) {
			return err
		}
		body, err := os.ReadFile(path)
		all[path] = comments.ReplaceAllString(string(body), "")
		return err
	})
	if err != nil || len(all) < 10 {
		t.Fatalf("the sources were not found: %d, %v", len(all), err)
	}
	return all
}

func TestEveryTextIsSaidAndEverythingSaidHasAText(t *testing.T) {
	english := forms(catalogues["en"])
	used := map[string]bool{}
	var beginnings []string
	for path, body := range sources(t) {
		for _, m := range literals.FindAllStringSubmatch(body, -1) {
			if used[m[1]] = true; strings.HasSuffix(m[1], ".") {
				beginnings = append(beginnings, m[1])
			}
		}
		for _, m := range said.FindAllStringSubmatch(body, -1) {
			if key := m[1]; english[key] == nil && !strings.HasSuffix(key, ".") {
				t.Errorf("%s says %q, which is in no catalogue", path, key)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(english)) {
		begun := slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(name, b) })
		if !used[name] && !begun {
			t.Errorf("nothing says %q", name)
		}
	}
}

func TestSentencesAreNotPromisesOfLawyers(t *testing.T) {
	for _, l := range Languages() {
		for key, x := range catalogues[l.Tag] {
			for _, never := range []string{"no consent", "GDPR-compliant", "DSGVO-konform", "conforme au RGPD", "conforme al RGPD", "conforme ao RGPD", "GDPR準拠"} {
				if strings.Contains(x.raw(), never) {
					t.Errorf("%s.txt: %q says %q", l.Tag, key, never)
				}
			}
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	for _, c := range []struct {
		tag  string
		n    int64
		want string
	}{
		{"en", 1, "one"}, {"en", 0, "other"}, {"de", 1, "one"}, {"de", 1_000_000, "other"}, {"fr", 0, "one"}, {"fr", 1, "one"}, {"fr", 2, "other"},
		{"fr", 1_000_000, "many"}, {"es", 0, "other"}, {"es", 2_000_000, "many"}, {"pt", 0, "other"}, {"pt", 1, "one"}, {"pt", 1_000_001, "other"}, {"ja", 1, "other"},
	} {
		if got := For(c.tag).plural(c.n); got != c.want {
			t.Errorf("%s: %d is %q, want %q", c.tag, c.n, got, c.want)
		}
	}
}

func TestValuesAreNeverReadAsMarks(t *testing.T) {
	x, err := parseText(`See [the *page*]({url}) of {site}: ` + "`a*{site}`" + `\u002a`)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"url": "/x?a=1&b", "site": "<b>*`{url}"}
	want := `See <a href="/x?a=1&amp;b">the <strong>page</strong></a> of <bdi>&lt;b&gt;*` + "`{url}</bdi>: <code>a*<bdi>&lt;b&gt;*`{url}</bdi></code>*"
	if got := x.html(values); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := x.plain(values), "See the page of <b>*`{url}: a*<b>*`{url}*"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := x.html(map[string]string{"url": "javascript:alert(1)"}); !strings.Contains(got, `href="#"`) {
		t.Errorf("a script became an address: %s", got)
	}
}

func FuzzCatalogue(f *testing.F) {
	f.Add("a = b {c}\nd [one] = [x]({y}) `z`\n", "<script>")
	f.Add("# note\n\nx = \\u202f*", "{c}")
	f.Add("x = [", "]")
	f.Fuzz(func(t *testing.T, body, value string) {
		c, err := parse(body)
		if err != nil {
			return
		}
		for _, x := range c {
			values := map[string]string{}
			for _, p := range x {
				values[p.name] = value
			}
			x.plain(values)
			if got := x.html(values); strings.Contains(got, "<script") {
				t.Errorf("%q with %q became %q", x.raw(), value, got)
			}
		}
	})
}
