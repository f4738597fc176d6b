package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// sampleMonth commits a whole month of made-up visits.
func sampleMonth(t *testing.T, db *DB, visits int) {
	t.Helper()
	r := rand.New(rand.NewPCG(6, 6))
	for d := day0.Month(); d < day0.AddMonths(1); d++ {
		commit(t, db, dayPuts(totalsKey(d), someVisits(r, visits, 20, 6), 3)...)
	}
}

func TestCountersThatAreRightPassTheCheck(t *testing.T) {
	db := openTest(t, Options{})
	sampleMonth(t, db, 60)
	if got := violations(t, db); len(got) > 0 {
		t.Errorf("violations in a right database: %q", got)
	}
}

// change rewrites one stored block.
func change(t *testing.T, db *DB, k aggregate.Key, fn func(*aggregate.Block)) {
	t.Helper()
	b, ok, err := db.Block(k)
	if !ok || err != nil {
		t.Fatalf("%s: %v, %v", describe("", k), ok, err)
	}
	fn(b)
	raw(t, db, blocksBucket, appendKey(nil, 1, k), AppendBlock(nil, b))
}

// raw writes past all checks.
func raw(t *testing.T, db *DB, bucket, k, v []byte) {
	t.Helper()
	err := db.bolt.Load().Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.Put(k, v)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryWrongNumberIsTold(t *testing.T) {
	day := totalsKey(day0)
	fact := func(a, b aggregate.Dimension) aggregate.Key { k := day; k.A, k.B = a, b; return k }
	month := fact(aggregate.Source, aggregate.Country)
	month.Span, month.Day = aggregate.OneMonth, day0.Month()
	db := openTest(t, Options{})
	sampleMonth(t, db, 40)
	var whole bytes.Buffer
	if err := db.Backup(&whole); err != nil {
		t.Fatal(err)
	}
	bump := func(c aggregate.Column, n int64) func(*aggregate.Block) {
		return func(b *aggregate.Block) { b.Rows[len(b.Rows)-1].Counts[c] += n }
	}
	for _, row := range []struct {
		name string
		key  aggregate.Key
		fn   func(*aggregate.Block)
		want string
	}{
		{"an hour too many", day, bump(aggregate.Pageviews, 1), "total: pageviews add up to"},
		{"no hour", day, func(b *aggregate.Block) { b.A[len(b.A)-1] = "24" }, `"24" is no hour`},
		{"a total too many", day, func(b *aggregate.Block) { b.Rows[0].Counts[aggregate.Events]++ }, "source: events add up to"},
		{"a value too many", fact(aggregate.Browser, 0), bump(aggregate.Starts, 1), "browser: starts add up to"},
		{"time from nowhere", fact(aggregate.Language, 0), bump(aggregate.Duration, 1), "language: duration add up to"},
		{"a page too many", fact(aggregate.Page, 0), bump(aggregate.Pageviews, 1), "page: pageviews add up to"},
		{"a host too few", fact(aggregate.Hostname, 0), bump(aggregate.Pageviews, -1), "hostname: pageviews add up to"},
		{"an event too many", fact(aggregate.EventName, 0), bump(aggregate.Events, 1), "event_name: events add up to"},
		{"more visitors than there were", fact(aggregate.Device, 0), bump(aggregate.Visitors, 999), "visitors, the day has"},
		{"too few visitors", fact(aggregate.Channel, 0), func(b *aggregate.Block) {
			for i := range b.Rows {
				b.Rows[i].Counts[aggregate.Visitors] = 1
			}
		}, "channel: visitors add up to"},
		{"a negative number", fact(aggregate.Page, 0), bump(aggregate.Engaged, -1), "engaged is -1"},
		{"carried more than counted", fact(aggregate.Page, 0), bump(aggregate.CarriedVisits, 999), "carried visits is 999 of visits"},
		{"more bounces than visits", fact(aggregate.OS, 0), bump(aggregate.Bounces, 999), "bounces of"},
		{"links beyond their fact", fact(aggregate.Channel, aggregate.Device), bump(aggregate.Pageviews, 9999), "pageviews, its channel has"},
		{"links of nothing", fact(aggregate.Channel, aggregate.Device), func(b *aggregate.Block) { b.B[len(b.B)-1] = "Toaster" }, "a value that device does not have"},
		{"a link lost in the month", month, bump(aggregate.Visits, 1), "links of one source add up to"},
	} {
		db := reopen(t, withFile(t, whole.Bytes()), Options{})
		change(t, db, row.key, row.fn)
		got := violations(t, db)
		if !slices.ContainsFunc(got, func(v string) bool { return strings.Contains(v, row.want) }) {
			t.Errorf("%s: got %q, want %q among them", row.name, got, row.want)
		}
		removeInvalid(t, db)
	}
}

func TestForeignRecordsAreTold(t *testing.T) {
	three := appendKey(nil, 1, totalsKey(day0))
	three[9], three[10] = byte(aggregate.Source), byte(aggregate.Country)
	three = append(three, byte(aggregate.Browser)) // a link of three facts
	uncrossed := totalsKey(day0)
	uncrossed.A, uncrossed.B = aggregate.City, aggregate.Browser
	monthOfOne := totalsKey(day0.Month())
	monthOfOne.A, monthOfOne.Span = aggregate.Page, aggregate.OneMonth
	orphan := totalsKey(day0)
	orphan.Import = 77
	page := totalsKey(day0)
	page.A = aggregate.Page
	block := AppendBlock(nil, oneRow("x", 5))
	for name, row := range map[string]struct {
		bucket, key, value []byte
		want, audit        string
	}{
		"three facts":      {blocksBucket, three, block, "16 bytes, want 15", "P3: block key"},
		"uncrossed facts":  {blocksBucket, appendKey(nil, 1, uncrossed), block, "are not linked", "P3: block key"},
		"a month of a day": {blocksBucket, appendKey(nil, 1, monthOfOne), block, "which is no link", "P3: block key"},
		"no such site":     {blocksBucket, appendKey(nil, 99, totalsKey(day0)), block, "site 99, which does not exist", ""},
		"no such import":   {blocksBucket, appendKey(nil, 1, orphan), block, "no such import", ""},
		"no block":         {blocksBucket, appendKey(nil, 1, page), []byte("something else entirely"), "malformed block", "cannot be read"},
		"unknown bucket":   {[]byte("visits"), []byte("k"), []byte("v"), `unknown bucket "visits"`, `unknown bucket "visits"`},
		"unknown meta":     {metaBucket, []byte("salt"), []byte("v"), `unknown key "salt"`, `unknown record "salt"`},
		"odd site":         {sitesBucket, []byte("k"), []byte("{}"), "site key has 1 bytes", "key of 1 bytes"},
		"odd token":        {tokensBucket, bytes.Repeat([]byte("k"), 32), []byte(`{"name":"x","visitor":"y"}`), "unknown field", "unknown field"},
	} {
		db := openTest(t, Options{})
		raw(t, db, row.bucket, row.key, row.value)
		if got := violations(t, db); !strings.Contains(strings.Join(got, "\n"), row.want) {
			t.Errorf("%s: check says %q, want %q", name, got, row.want)
		}
		report, err := db.Audit()
		if err != nil {
			t.Fatal(err)
		}
		if row.audit != "" && !strings.Contains(strings.Join(report.Violations, "\n"), row.audit) {
			t.Errorf("%s: audit says %q, want %q", name, report.Violations, row.audit)
		}
		err = db.bolt.Load().Update(func(tx *bbolt.Tx) error {
			if string(row.bucket) == "visits" {
				return tx.DeleteBucket(row.bucket)
			}
			return tx.Bucket(row.bucket).Delete(row.key)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// All keys that the layout allows, and none of them links three facts (P3).
func TestNoShapeOfKeyLinksThreeFacts(t *testing.T) {
	shapes := map[string]int{}
	for _, span := range []int{0, 1, 2, 3, 4, 128, 255} {
		for a := range 256 {
			for b := range 256 {
				key := appendSeries(nil, 1, 0, aggregate.Span(span), aggregate.Dimension(a), aggregate.Dimension(b))
				_, k, err := parseKey(appendDay(key, day0.Month()))
				if err != nil {
					continue
				}
				kind, _, facts := kindOf(k)
				shapes[kind] = facts
				if facts > 2 || facts == 2 && !aggregate.Crossed(k.A, k.B) {
					t.Errorf("%s links %d facts", kind, facts)
				}
			}
		}
	}
	links := 0
	for _, facts := range shapes {
		if facts == 2 {
			links++
		}
	}
	if want := 2 * len(aggregate.Pairs()); links != want {
		t.Errorf("%d shapes of links, want %d: the crossed pairs, by day and by month", links, want)
	}
	if want := 2 + aggregate.Dimensions - 2; len(shapes)-links != want {
		t.Errorf("%d other shapes, want %d: totals, refusals and each dimension", len(shapes)-links, want)
	}
	for n := range 40 {
		if _, _, err := parseKey(make([]byte, n)); err == nil {
			t.Errorf("a key of %d zero bytes was taken", n)
		}
	}
}

func TestAuditNamesEveryKindAndFindsNothingWrong(t *testing.T) {
	db := openTest(t, Options{})
	sampleMonth(t, db, 60)
	if _, err := db.AddToken("t", nil, []string{"stats"}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.BeginImport("example.com", "events", "access.log"); err != nil {
		t.Fatal(err)
	}
	report, err := db.Audit()
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) > 0 || report.OldBlocks == 0 {
		t.Errorf("%d old blocks, violations: %q", report.OldBlocks, report.Violations)
	}
	var text bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sites", "tokens", "imports", "totals of a day", "source × country of a month", "Nothing else was found"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, &text)
		}
	}
	asJSON, err := json.Marshal(report)
	if err != nil || !bytes.Contains(asJSON, []byte(`"violations":[]`)) {
		t.Errorf("%s, %v", asJSON, err)
	}
}

func TestAuditFindsWhatIsForbidden(t *testing.T) {
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	few := oneRow("a", 2)
	few.B, few.Meta.Floor = []string{"b"}, 3
	long := strings.Repeat("so that it is compressed ", 9)
	for name, row := range map[string]struct {
		a, b  aggregate.Dimension
		block *aggregate.Block
		want  string
	}{
		"user agent as browser":      {aggregate.Browser, 0, oneRow(agent, 1), "P1"},
		"user agent in a property":   {aggregate.Property, 0, oneRow(aggregate.Join("agent", agent), 1), "P1"},
		"compressed user agent":      {aggregate.Page, 0, oneRow(long+agent+long, 1), "P1"},
		"address as city":            {aggregate.City, 0, oneRow("203.0.113.9", 1), "P1"},
		"compressed address":         {aggregate.Language, 0, oneRow(long+"203.0.113.9"+long, 1), "P1"},
		"long address":               {aggregate.OS, 0, oneRow("2001:db8:0:1::77", 1), "P1"},
		"link under the floor":       {aggregate.Source, aggregate.Page, few, "P4"},
		"three facts in a value":     {aggregate.Device, 0, oneRow(aggregate.Join("Desktop", "Linux", "Berlin"), 1), "P3"},
		"hours of a fact":            {aggregate.Source, 0, oneRow(aggregate.Join("Google", "13"), 1), "P3"},
		"totals by something":        {aggregate.None, 0, oneRow("Berlin", 1), "P3"},
		"a browser's minor version":  {aggregate.BrowserVersion, 0, oneRow(aggregate.Join("Firefox", "140.0"), 1), ""},
		"address in the site's path": {aggregate.Page, 0, oneRow("/whois/203.0.113.9", 1), ""},
		"a region with its country":  {aggregate.Region, 0, oneRow(aggregate.Join("US", "US-CA", "California"), 1), ""},
	} {
		db := openTest(t, Options{})
		k := totalsKey(day0)
		k.A, k.B = row.a, row.b
		raw(t, db, blocksBucket, appendKey(nil, 1, k), AppendBlock(nil, row.block))
		for _, state := range []string{"in use", "overwritten"} {
			report, err := db.Audit()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(report.Violations, "\n")
			if row.want == "" && got != "" || !strings.Contains(got, row.want) {
				t.Errorf("%s, %s: got %q, want %q", name, state, got, row.want)
			}
			if strings.Contains(got, "203.0.113") || strings.Contains(got, agent) {
				t.Errorf("%s: the report repeats what it found: %q", name, got)
			}
			if row.a == aggregate.Page && row.want == "" && state == "in use" && len(report.Notes) == 0 {
				t.Errorf("%s: no note", name)
			}
			err = db.bolt.Load().Update(func(tx *bbolt.Tx) error { return tx.Bucket(blocksBucket).Delete(appendKey(nil, 1, k)) })
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Compact(); err != nil {
			t.Fatal(err)
		}
		if report, err := db.Audit(); err != nil || len(report.Violations) > 0 || report.OldBlocks > 0 {
			t.Errorf("%s: after the compaction %+v, %v", name, report, err)
		}
	}
}

func TestAddressesAreFoundInBytes(t *testing.T) {
	for text, want := range map[string]string{
		"x203.0.113.9y":                         "[203.0.113.9]",
		"at 203.0.113.9.":                       "[203.0.113.9]",
		"[2001:db8::1:2:3]:443":                 "[2001:db8::1:2:3]",
		"2001:0db8:0000:0000:0000:0000:0000:01": "[2001:db8::1]",
		"203.0.113.9:8080":                      "[203.0.113.9]",
		"::ffff:203.0.113.9":                    "[::ffff:203.0.113.9]",
		"2001:db8::1":                           "[2001:db8::1]",
		"W\x00AE:9::`\f6":                       "[]", // seen in a column
		"1.2.3":                                 "[]",
		"1.2.3.4.5":                             "[]",
		"203.0.113.900":                         "[]",
		"12:34:56":                              "[]",
		"00:1a:2b:3c:4d:5e":                     "[]",
		"Firefox 140.0":                         "[]",
	} {
		got := findAddresses([]byte("\x00" + text + "\xff"))
		if fmt.Sprint(got) != want {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
}
