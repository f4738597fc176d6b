package importer

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"footfall/aggregate"
	"footfall/aggregate/archive"
	"footfall/aggregate/tables"
)

// utf16Text is a text as Matomo writes it.
func utf16Text(text string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return string(b)
}

func TestMatomosReportsAreRead(t *testing.T) {
	tr := newTableTrial(t, Matomo)
	tr.read(t, "VisitsSummary.get.csv", utf16Text("date,nb_uniq_visitors,nb_users,nb_visits,nb_actions,nb_visits_converted,bounce_count,sum_visit_length,max_actions,bounce_rate,nb_actions_per_visit,avg_time_on_site\n"+
		"2026-05-01,10,0,12,30,0,5,600,7,42%,2.5,50\n"))
	tr.read(t, "x/Actions.getPageUrls.csv", utf16Text("date,label,nb_visits,nb_uniq_visitors,nb_hits,sum_time_spent\n2026-05-01,/blog/ü𝄞,5,4,9,100\n2026-05-01,about,1,1,1,\n"))
	tr.read(t, "Referrers.getAll.csv", "date,label,nb_uniq_visitors,nb_visits,nb_actions,sum_visit_length,bounce_count,metadata_referer_type\n"+
		"2026-05-01,Google,3,4,9,100,2,2\n2026-05-01,news.example,1,1,1,0,1,3\n2026-05-01,Direct Entry,5,6,18,500,2,1\n2026-05-01,spring,1,1,2,0,0,6\n")
	tr.read(t, "UserCountry.getCountry.csv", "date,label,nb_visits,nb_uniq_visitors,code\n2026-05-01,Germany,4,3,de\n2026-05-01,France,1,1,\n2026-05-01,Unknown,1,1,xx\n")
	tr.read(t, "DevicesDetection.getBrowserVersions.csv", "date,label,nb_visits\n2026-05-01,Firefox 145.0,2\n")
	tr.read(t, "DevicesDetection.getType.csv", "date,label,nb_visits\n2026-05-01,Smartphone,2\n")
	tr.read(t, "Actions.getEntryPageUrls.csv", "date,label,entry_nb_uniq_visitors,entry_nb_visits,entry_nb_actions,entry_sum_visit_length,entry_bounce_count,nb_visits\n2026-05-01,/a,2,3,6,10,1,77\n")
	got := tr.read(t, "SomethingElse.get.csv", "date,label,nb_visits\n2026-05-01,x,2\n")
	tr.want(t, "totals 2026-05-01 0:10 1:12 2:30 5:5 6:600000",
		"pages 2026-05-01 page=/blog/ü𝄞 0:4 1:5 2:9 8:100000", "pages 2026-05-01 page=/about 0:1 1:1 2:1",
		"sources 2026-05-01 source=Google referrer=Google channel=Organic Search 0:3 1:4 2:9 5:2 6:100000", "sources 2026-05-01 source=news.example referrer=news.example channel=Referral 0:1 1:1 2:1 5:1",
		"sources 2026-05-01 channel=Direct 0:5 1:6 2:18 5:2 6:500000", "sources 2026-05-01 channel=Direct utm_campaign=spring 0:1 1:1 2:2",
		"locations 2026-05-01 country=DE 0:3 1:4", "locations 2026-05-01 country=FR 0:1 1:1", "locations 2026-05-01 0:1 1:1",
		"browsers 2026-05-01 browser=Firefox browser_version=Firefox|145.0 0:2 1:2", "devices 2026-05-01 device=Mobile 0:2 1:2",
		"entry pages 2026-05-01 entry_page=/a 0:2 1:3 2:6 5:1 6:10000")
	if got.Dropped[UnknownTable] != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestGoogleAnalyticsReportsAreRead(t *testing.T) {
	tr := newTableTrial(t, GA4)
	got := tr.read(t, "download.csv", "# ----------------------------------------\n# Traffic acquisition\n# 20260501-20260502\n# ----------------------------------------\n\n"+
		"Date,Session source / medium,Total users,Sessions,Engaged sessions,Views,Average session duration\n20260501,google / organic,3,4,3,9,12.5\n20260501,(direct) / (none),5,6,1,18,0\n20260502,newsletter / email,1,1,1,2,3\n20260502,fb / paid_social,1,1,1,2,3\n"+
		"# ----------------------------------------\n# Pages\n\nDate,Page path and screen class,Views,Total users,User engagement\n20260501,/a?x=1,9,3,40\n,,9,3,40\n")
	tr.read(t, "events.csv", "date,eventName,eventCount,totalUsers\n2026-05-01,sign_up,2,1\n2026-05-01,page_view,27,8\n")
	tr.read(t, "places.csv", "Date,Country,Active users,Sessions,Bounce rate\n20260501,Germany,2,4,0.25\n20260501,(not set),1,1,50%\n")
	if got.Bad != 1 || got.FirstBad[0].Line != 16 {
		t.Errorf("got %+v", got)
	}
	tr.want(t, "sources 2026-05-01 source=Google referrer=Google channel=Organic Search 0:3 1:4 2:9 5:1 6:50000", "sources 2026-05-01 channel=Direct 0:5 1:6 2:18 5:5",
		"sources 2026-05-02 source=newsletter referrer=newsletter channel=Email utm_medium=email 0:1 1:1 2:2 6:3000",
		"sources 2026-05-02 source=Facebook referrer=Facebook channel=Paid Social utm_medium=paid_social 0:1 1:1 2:2 6:3000",
		"pages 2026-05-01 page=/a 0:3 1:3 2:9 8:40000 9:3", "events 2026-05-01 event_name=sign_up 0:1 1:1 3:2",
		"locations 2026-05-01 country=DE 0:2 1:4 5:1", "locations 2026-05-01 0:1 1:1 5:1")
}

// goatTrial reads GoatCounter's counts of one test.
func goatTrial(t testing.TB, files ...string) (*tableTrial, Result) {
	t.Helper()
	tr := &tableTrial{}
	settings := aggregate.DefaultSettings()
	settings.Timezone = "America/New_York"
	m := NewGoatCounts(ReportsOptions{Format: GoatStats, Site: site, Settings: settings, Sink: tr, Now: now})
	for i := 0; i < len(files); i += 2 {
		if err := m.Read(context.Background(), files[i], strings.NewReader(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	return tr, m.Result()
}

func TestGoatCountersCountsAreRead(t *testing.T) {
	tr, got := goatTrial(t, "e/info.json", `{"export_version":"1.0"}`,
		"e/paths.jsonl", `{"id":1,"path":"/a","title":"A"}`+"\n"+`{"id":2,"path":"signup","event":true}`+"\n[]\n", "e/refs.jsonl", `{"id":1,"ref":"","ref_scheme":"o"}`+"\n"+`{"id":2,"ref":"Google","ref_scheme":"g"}`+"\n"+`{"id":3,"ref":"news.example/x","ref_scheme":"h"}`,
		"e/browsers.jsonl", `{"id":7,"name":"Firefox","version":"145"}`, "e/systems.jsonl", `{"id":8,"name":"Mac OS","version":"15"}`,
		"e/hit_stats.jsonl", `{"hour":"2026-05-02T03:00:00Z","path_id":1,"ref_id":2,"count":4}`+"\n"+`{"hour":"2026-05-02T05:00:00Z","path_id":1,"ref_id":3,"count":1}`+"\n"+`{"hour":"2026-05-02T05:00:00Z","path_id":2,"ref_id":1,"count":2}`+"\n"+`{"hour":"2026-05-20T05:00:00Z","path_id":1,"ref_id":1,"count":2}`+"\n"+`{"hour":"2026-05-02T05:00:00Z","path_id":9,"count":2}`+"\n{",
		"e/browser_stats.jsonl", `{"day":"2026-05-02","path_id":1,"browser_id":7,"count":5}`, "e/system_stats.jsonl", `{"day":"2026-05-02","path_id":1,"system_id":8,"count":5}`,
		"e/location_stats.jsonl", `{"day":"2026-05-02","path_id":1,"location":"DE-BE","count":5}`, "e/size_stats.jsonl", `{"day":"2026-05-02","path_id":1,"width":390,"count":5}`+"\n"+`{"day":"2026-05-02","path_id":2,"width":390,"count":5}`,
		"e/language_stats.jsonl", `{"day":"2026-05-02","path_id":1,"language":"deu","count":5}`)
	if want := map[string]int{LiveDay: 1, NotARequest: 1}; !maps.Equal(got.Dropped, want) || got.Bad != 3 || got.Counted != 8 || got.Lines != 13 {
		t.Errorf("got %+v", got)
	}
	const four, one, five, two = " 0:4 1:4 2:4 3:4", " 0:1 1:1 2:1 3:1", " 0:5 1:5 2:5 3:5", " 0:2 1:2 2:2 3:2"
	google, news := " page=/a", " page=/a"
	google = " source=Google referrer=Google channel=Organic Search" + google
	news = " source=news.example referrer=news.example|news.example/x channel=Referral" + news
	want := []string{}
	for _, row := range []string{" 2026-05-01" + google + four, " 2026-05-02" + news + one} {
		want = append(want, "totals"+row, "pages"+row, "sources"+row)
	}
	tr.want(t, append(want, "events 2026-05-02 event_name=signup"+two, "browsers 2026-05-02 browser=Firefox browser_version=Firefox|145"+five, "operating systems 2026-05-02 os=Mac os_version=Mac|15"+five,
		"locations 2026-05-02 country=DE region=DE|DE-BE"+five, "devices 2026-05-02 device=Mobile"+five, "languages 2026-05-02 language=deu"+five)...)
}

func TestReportsOfProductsAreToldApart(t *testing.T) {
	for name, row := range map[string]struct {
		head string
		want Format
	}{
		"VisitsSummary.get.csv": {"date,nb_visits\n", Matomo}, "data.csv": {"Date,Sessions,Total users\n", GA4}, "export/hit_stats.jsonl": {"{}", GoatCounter},
		"table.csv": {"date,visitors,pageviews\n", Plausible},
	} {
		if got, ok := Detect(name, []byte(row.head)); !ok || got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func FuzzMatomoReports(f *testing.F) {
	fuzzTables(f, Matomo, "Referrers.getAll.csv", "date,label,nb_visits,nb_actions,bounce_count,metadata_referer_type\n2026-05-01,Google,4,9,2,2\n", utf16Text("date,label,nb_visits\n2026-05-01,x,1\n"))
}

func FuzzGA4Reports(f *testing.F) {
	fuzzTables(f, GA4, "data.csv", "# x\nDate,Session source / medium,Sessions,Bounce rate,Average session duration\n20260501,google / organic,4,0.5,12\n", "date,country,sessions\n2026-05-01,Germany,1")
}

func FuzzGoatCounts(f *testing.F) {
	f.Add([]byte(`{"id":1,"path":"/a"}`), []byte(`{"hour":"2026-05-02T03:00:00Z","path_id":1,"ref_id":2,"count":4}`))
	f.Fuzz(func(t *testing.T, names, counts []byte) {
		sink := &tables.Fold{Site: site, Floor: 3, Cap: 10}
		m := NewGoatCounts(ReportsOptions{Site: site, Settings: aggregate.DefaultSettings(), Sink: sink, Now: now})
		for _, file := range slices.Concat(goatNames, []string{goatHits, "size_stats.jsonl"}) {
			content := names
			if GoatOrder(file) == 1 {
				content = counts
			}
			if err := m.Read(context.Background(), file, bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := sink.Blocks(func(aggregate.Day, []aggregate.Put) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

// blockTrial takes blocks.
type blockTrial struct {
	heads int
	keys  []aggregate.Key
}

func (b *blockTrial) Begin(*archive.Head) error { b.heads++; return nil }
func (b *blockTrial) Put(k aggregate.Key, _ *aggregate.Block) error {
	b.keys = append(b.keys, k)
	return nil
}

func TestBlocksOfOurOwnExportAreReadOrNamed(t *testing.T) {
	block := func(span, day, fact, value string) string {
		return `{"import":0,"span":"` + span + `","day":"` + day + `","facts":[` + fact + `],"meta":{"floor":1},"values":[["` + value + `"]],"counts":{"visits":[1]}}`
	}
	blocks := []string{block("day", "2026-05-01", `"source"`, "Google"), block("day", "2026-05-20", `"source"`, "Google"), block("day", "2026-06-01", `"source"`, "Google"), block("day", "2020-01-01", `"source"`, "Google"),
		block("month", "2026-05-01", `"source"`, "Google"), block("month", "2020-01-01", `"source"`, "Google"), block("day", "2026-05-01", `"source"`, `a\u001fb`), block("day", "2026-05-01", "", "25"), block("day", "2026-05-01", "", "23"), `{"span":"x"}`}
	text := `{"format":"footfall","version":1,"site":"example.com","blocks":[` + strings.Join(blocks, ",") + `],"count":10}`
	settings, sink := aggregate.DefaultSettings(), &blockTrial{}
	m := NewArchive(&settings, now, sink)
	if err := m.Read(context.Background(), "f", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	got := m.Result()
	if want := map[string]int{LiveDay: 1, Future: 1, Expired: 2}; !maps.Equal(got.Dropped, want) || got.Lines != 10 || got.Counted != 3 || got.Bad != 3 || len(sink.keys) != 3 || sink.heads != 1 {
		t.Errorf("got %+v and blocks %v", got, sink.keys)
	}
}
