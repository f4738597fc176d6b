package storage

import (
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestSitesKeepTheirSettings(t *testing.T) {
	db := openTest(t, Options{})
	s := aggregate.DefaultSettings()
	for key, value := range map[string]string{"timezone": "Asia/Kathmandu", "floor": "7", "hostnames": "a.example,*.b.example"} {
		if err := s.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SetSettings("example.com", s); err != nil {
		t.Fatal(err)
	}
	if err := db.AddSite("a.example", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	if err := db.AddSite("example.com", s); !errors.Is(err, ErrSiteExists) {
		t.Errorf("adding a site twice: %v, want ErrSiteExists", err)
	}
	db.Close()
	db = reopen(t, db.dir, Options{})
	got, ok := db.Settings("example.com")
	if !ok || got.Timezone != "Asia/Kathmandu" || got.Floor != 7 || !slices.Equal(got.Hostnames, s.Hostnames) {
		t.Errorf("settings are %+v, want %+v", got, s)
	}
	if _, ok := db.Site("b.example"); ok {
		t.Error("a site was found that was never added")
	}
	if got := names(db); !slices.Equal(got, []aggregate.Site{"a.example", "example.com"}) {
		t.Errorf("sites are %v", got)
	}
	for op, err := range map[string]error{"set": db.SetSettings("b.example", s), "remove": db.RemoveSite("b.example")} {
		if !errors.Is(err, ErrNoSite) {
			t.Errorf("%s unknown site: %v, want ErrNoSite", op, err)
		}
	}
}

func TestSettingsOfOlderFilesGetTheirDefaults(t *testing.T) {
	rec := SiteRecord{Settings: aggregate.DefaultSettings()}
	err := decodeRecord([]byte(`{"site":"example.com","settings":{"timezone":"UTC","floor":1}}`), &rec, "site")
	if err != nil || rec.Settings.Retention != 25 || rec.Settings.Floor != 1 {
		t.Errorf("got %+v, %v; want retention 25 and floor 1", rec, err)
	}
}

func TestRemovedSiteIsGoneWithItsBlocksAndDoesNotComeBack(t *testing.T) {
	db := openTest(t, Options{})
	commit(t, db, refusals(day0, "bot", 3)...)
	id, err := db.BeginImport("example.com", "events", "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.RemoveSite("example.com"); err != nil {
		t.Fatal(err)
	}
	if got := len(snapshot(t, db)); got != 3 {
		t.Errorf("%d records are left, want the 3 of the bucket meta", got)
	}
	if err := db.FinishImport(id); !errors.Is(err, ErrNoImport) {
		t.Errorf("finishing the removed site's import: %v, want ErrNoImport", err)
	}
	if err := db.AddSite("example.com", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, _ := db.Days("example.com"); ok {
		t.Error("a new site of the same name has the old one's days")
	}
}

func TestTokensAreStoredHashedAndFoundByTheirText(t *testing.T) {
	db := openTest(t, Options{})
	all, err := db.AddToken("all", nil, []string{"stats"})
	if err != nil {
		t.Fatal(err)
	}
	one, err := db.AddToken("one", []aggregate.Site{"example.com"}, []string{"send"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddToken("one", nil, nil); !errors.Is(err, ErrTokenExists) {
		t.Errorf("second token of a name: %v, want ErrTokenExists", err)
	}
	if _, err := db.AddToken("two", []aggregate.Site{"b.example"}, nil); !errors.Is(err, ErrNoSite) {
		t.Errorf("token for an unknown site: %v, want ErrNoSite", err)
	}
	if all == one || len(all) < len(tokenPrefix)+32 {
		t.Errorf("tokens %q and %q are too short or equal", all, one)
	}
	if inFiles(t, db.dir, strings.TrimPrefix(all, tokenPrefix)) > 0 {
		t.Error("the token stands in the file")
	}
	db.Close()
	db = reopen(t, db.dir, Options{})
	got, ok := db.CheckToken(one)
	if !ok || got.Name != "one" || !got.Allows("example.com", "send") || got.Allows("example.com", "stats") || got.Allows("b.example", "send") {
		t.Errorf("token one is %+v, %v", got, ok)
	}
	if got, ok := db.CheckToken(all); !ok || !got.Allows("anything.example", "stats") {
		t.Errorf("token all is %+v, %v", got, ok)
	}
	sum := sha256.Sum256([]byte(all))
	for _, wrong := range []string{"", all[1:], all + "x", strings.ToUpper(all), string(sum[:])} {
		if _, ok := db.CheckToken(wrong); ok {
			t.Errorf("%q opens", wrong)
		}
	}
	if err := db.RemoveToken("all"); err != nil {
		t.Fatal(err)
	}
	if _, ok := db.CheckToken(all); ok {
		t.Error("the removed token opens")
	}
	if err := db.RemoveToken("all"); !errors.Is(err, ErrNoToken) {
		t.Errorf("removing twice: %v, want ErrNoToken", err)
	}
	if got := db.Tokens(); len(got) != 1 || got[0].Name != "one" {
		t.Errorf("tokens are %+v", got)
	}
}

func imported(id aggregate.ImportID, puts []aggregate.Put) []aggregate.Put {
	for i := range puts {
		puts[i].Key.Import = id
	}
	return puts
}

func TestImportsAreSeenWhenFinishedAndGoneWhenNot(t *testing.T) {
	db := openTest(t, Options{})
	commit(t, db, refusals(day0, "bot", 1)...)
	first, err := db.BeginImport("example.com", "events", "a.jsonl", "5e1f")
	if err != nil {
		t.Fatal(err)
	}
	commit(t, db, imported(first, refusals(day0-9, "bot", 10))...)
	seen := func() (n int64) {
		t.Helper()
		err := db.Range(BlockRange{Site: "example.com", AllImports: true, Span: aggregate.OneDay, A: aggregate.Refusal,
			First: day0 - 99, Last: day0 + 99}, func(_ aggregate.Key, b *aggregate.Block) error {
			n += b.Rows[0].Counts[aggregate.Events]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := seen(); got != 1 {
		t.Errorf("before the import is finished %d are seen, want 1", got)
	}
	if d, _, _, _ := db.Days("example.com"); d != day0 {
		t.Errorf("first day is %v, want %v", d, day0)
	}
	if err := db.FinishImport(first); err != nil {
		t.Fatal(err)
	}
	if got := seen(); got != 11 {
		t.Errorf("after the import %d are seen, want 11", got)
	}
	if a, b, ok, _ := db.Days("example.com"); a != day0-9 || b != day0 || !ok {
		t.Errorf("days are %v to %v, want %v to %v", a, b, day0-9, day0)
	}
	err = db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: imported(first, refusals(day0, "bot", 1))})
	if !errors.Is(err, ErrNoImport) {
		t.Errorf("writing to a finished import: %v, want ErrNoImport", err)
	}
	second, err := db.BeginImport("example.com", "events", "b.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	commit(t, db, imported(second, refusals(day0-20, "bot", 100))...)
	db.Close() // as a crash would leave it
	db = reopen(t, db.dir, Options{})
	if got := db.Imports("example.com"); len(got) != 1 || !reflect.DeepEqual(got[0], Import{first, "example.com", "events", "a.jsonl", true, []string{"5e1f"}}) {
		t.Errorf("imports after reopening: %+v, want the first", got)
	}
	if got := seen(); got != 11 {
		t.Errorf("after reopening %d are seen, want 11", got)
	}
	third, err := db.BeginImport("example.com", "events", "c.jsonl")
	if err != nil || third <= second {
		t.Errorf("import id %d after %d, %v: ids must not return", third, second, err)
	}
	for _, id := range []aggregate.ImportID{first, third} {
		if err := db.RemoveImport(id); err != nil {
			t.Error(err)
		}
		if err := db.RemoveImport(id); !errors.Is(err, ErrNoImport) {
			t.Errorf("removing import %d twice: %v, want ErrNoImport", id, err)
		}
	}
	if got := seen(); got != 1 {
		t.Errorf("after removal %d are seen, want 1", got)
	}
}

func TestSettingsAndTokensAreReadWithoutAllocation(t *testing.T) {
	db := openTest(t, Options{})
	if n := testing.AllocsPerRun(100, func() { db.Settings("example.com") }); n > 0 {
		t.Errorf("Settings allocates %v times", n)
	}
}
