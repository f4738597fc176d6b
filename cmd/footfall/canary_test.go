//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/storage"
)

// What must never come to rest anywhere. The agent is one of a real browser with
// words of its own around it.
var canary = struct {
	addresses []netip.Addr
	agent     string
	words     []string
}{
	addresses: []netip.Addr{netip.MustParseAddr("203.0.113.171"), netip.MustParseAddr("100.71.93.207"),
		netip.MustParseAddr("2001:db8:c0ff:ee11:face:b00c:5ca1:ab1e"), netip.MustParseAddr("2001:db8:5eed::feed:beef")},
	agent: "Mozilla/5.0 (X11; Linux x86_64; zaunkoenig; rotkehlchen 4711) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	words: []string{"zaunkoenig", "rotkehlchen", "geheimnis", "kennwort", "sitzungsnummer", "schluesselwort"},
}

// secretURL has what a query may hold and a counter must not.
const secretURL = "https://canary.example/kanari?token=geheimnis&utm_source=bekannt&email=kennwort%40example.com#sitzungsnummer"
const secretReferrer = "https://elsewhere.example/weg?session=schluesselwort#kennwort"

// forbidden are the byte strings to look for, by what they are.
func forbidden() map[string][]byte {
	all := map[string][]byte{}
	for _, w := range canary.words {
		all["the word "+w] = []byte(w)
	}
	for _, a := range canary.addresses {
		all["the text "+a.String()] = []byte(a.String())
		all["the text "+a.StringExpanded()] = []byte(a.StringExpanded())
		wide := a.As16()
		all["the bytes of "+a.String()] = wide[:]
		if a.Is4() {
			all["the bytes of "+a.String()] = wide[10:] // an IPv6 address that holds it
		}
	}
	return all
}

// search looks for canaries in some bytes.
func search(t *testing.T, where string, content []byte) {
	t.Helper()
	for what, b := range forbidden() {
		if i := bytes.Index(content, b); i >= 0 {
			t.Errorf("%s holds %s at %d: %q", where, what, i, content[max(0, i-40):min(len(content), i+40)])
		}
	}
}

func TestCanariesAreFoundNowhere(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("canary.example", noonZone(), "floor=1")
	token := h.token()
	start := func() *server {
		s := h.serve("--commit-interval", "10ms", "--log-level", "debug")
		s.token = token
		return s
	}
	s := start()
	sing(t, s)
	h.importCanaries()
	if got := s.today("canary.example"); got[2] < 8 {
		t.Fatalf("%v pageviews were counted, want the canaries' 8 at least", got[2])
	}
	eventually(t, "the canaries' page is on disk", func() bool { return h.storesValue("/kanari") })
	copied := filepath.Join(t.TempDir(), "backup.db")
	h.must("backup", copied)
	h.searchEverything("while running", s)
	content, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	search(t, "the backup", content)
	h.searchValues("the backup", content)
	coreDumpsAreOff(t, s)

	s.kill()
	h.searchEverything("after SIGKILL", s)

	s = start()
	sing(t, s)
	h.searchEverything("after a restart", s)
	s.cmd.Process.Signal(syscall.SIGQUIT) // Go's own way to crash: it prints what every goroutine does
	<-s.exited
	h.searchEverything("after a crash", s)

	s = start()
	sing(t, s)
	s.stop()
	h.searchEverything("after SIGTERM", s)
}

// sing sends canaries through every door, well formed and not.
func sing(t *testing.T, s *server) {
	t.Helper()
	post := func(path, body string, headers ...string) {
		t.Helper()
		if _, err := s.do("POST", path, strings.NewReader(body), headers...); err != nil {
			t.Fatal(err)
		}
	}
	b := view(secretURL).with("d", "canary.example", "r", secretReferrer, "ip", "203.0.113.171", "userAgent", canary.agent)
	for _, a := range canary.addresses {
		ip := a.String()
		who := []string{"User-Agent", canary.agent, "X-Forwarded-For", ip, "Referer", secretURL, "Cookie", "id=geheimnis"}
		s.count(ip, canary.agent, b, who...)
		s.count(ip, canary.agent, b.with("n", "engagement", "e", 5000), who...)
		post("/api/event", "n=pageview&u=https%3A%2F%2Fcanary.example%2Fkanari%3Fgeheimnis", append(who, "Content-Type", "application/x-www-form-urlencoded")...)
		s.send(ip, canary.agent, b, append(who, "X-Debug-Request", "true")...)
		s.send(ip, canary.agent, b.with("d", "unknown.example"), who...)
		s.send(ip, robot+" rotkehlchen", b, who...)
		s.send(ip, canary.agent, b.with("u", "::geheimnis::"), who...)
		s.send(ip, canary.agent, b.with("u", 5, "n", []string{"geheimnis"}), who...)
		post("/api/event", `{"n":"pageview","u":"`+secretURL, who...)
		post("/api/event", `{"n":"`+strings.Repeat("geheimnis", 9000)+`"}`, who...)
		post("/api/v2/query?geheimnis", `{"site_id":"geheimnis"}`, append(who, "Authorization", "Bearer kennwort")...)
		post("/sign-in", "token=kennwort", append(who, "Content-Type", "application/x-www-form-urlencoded")...)
		post("/api/elsewhere", `geheimnis`, who...)
		for _, path := range []string{"/pixel.gif?geheimnis", "/pixel.gif?u=https%3A%2F%2Fcanary.example%2Fkanari%3Fgeheimnis", "/js/script.js?geheimnis",
			"/canary.example?geheimnis", "/nothing/geheimnis", "/?x=geheimnis"} {
			if _, err := s.do("GET", path, nil, who...); err != nil {
				t.Fatal(err)
			}
		}
		raw(t, s, "POST /api/event HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "+ip+"\r\nContent-Length: geheimnis\r\n\r\n")
		raw(t, s, "geheimnis zaunkoenig "+ip+"\r\n\r\n")
		raw(t, s, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "+ip+"\r\nCookie: "+strings.Repeat("geheimnis", 4000)+"\r\n\r\n")
	}
}

// raw sends bytes that need not be HTTP and waits for whatever comes back.
func raw(t *testing.T, s *server, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, request) // the server may have had enough before the end
	conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// importCanaries imports events, a log and another product's export with canaries in
// good lines and bad.
func (h *installation) importCanaries() {
	h.t.Helper()
	day := time.Now().AddDate(0, 0, -3)
	events, log := "", ""
	goats := "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n"
	for _, a := range canary.addresses {
		events += fmt.Sprintf(`{"time":%q,"ip":%q,"user_agent":%q,"n":"pageview","u":%q,"r":%q}`+"\n", day.Format(time.RFC3339), a, canary.agent, secretURL, secretReferrer)
		events += fmt.Sprintf(`{"time":"geheimnis","ip":%q,"user_agent":%q`+"\n", a, canary.agent)
		log += fmt.Sprintf(`%s - geheimnis [%s] "GET /kanari?geheimnis HTTP/1.1" 200 512 "%s" "%s"`+"\n", a, day.Format("02/Jan/2006:15:04:05 -0700"), secretReferrer, canary.agent)
		log += fmt.Sprintf(`%s - geheimnis [nowhen] "%s"`+"\n", a, canary.agent)
		for _, when := range []string{day.UTC().Format(time.RFC3339), "nowhen"} { // sessions of another product tell visitors apart, too
			goats += fmt.Sprintf("/kanari,geheimnis,false,%q,Firefox 145,Linux,%q,0,,,,,true,%s\n", canary.agent, canary.agent+a.String(), when)
		}
	}
	for format, content := range map[string]string{"events": events, "combined": log, "goatcounter": goats} {
		r := h.tryWith(strings.NewReader(content), "import", format, "--site", "canary.example", "--yes", "--json", "-")
		if want := fmt.Sprintf(`"counted":%d`, len(canary.addresses)); r.code != fine || !strings.Contains(r.out, want) {
			h.t.Fatalf("import %s: exit %d, %s%s, want %s", format, r.code, r.out, r.err, want)
		}
	}
}

// storesValue reports whether a value stands in the blocks on disk.
func (h *installation) storesValue(value string) bool {
	db := h.openCopy()
	defer db.Close()
	return slices.Contains(values(h.t, db), value)
}

// searchEverything looks through the disk, the memory state and the log.
func (h *installation) searchEverything(when string, s *server) {
	h.t.Helper()
	t := h.t.(*testing.T)
	search(t, "the log "+when, []byte(s.log.String()+s.out.String()))
	disk := files(t, h.data)
	for name, content := range disk {
		search(t, name+" "+when, content)
	}
	h.searchValues(when, h.stableCopy())
	memory := files(t, h.state)
	random := 0
	id := h.databaseID() // both sides know it; it is random, and no secret
	for name, content := range memory {
		search(t, name+" "+when, content)
		content = bytes.ReplaceAll(content, id[:], make([]byte, len(id)))
		for i, secret := range secrets(content) {
			random++
			for where, content := range disk {
				if bytes.Contains(content, secret) {
					t.Errorf("%s: %s holds bytes %d of %s, which look like a salt or a visitor", when, where, i, name)
				}
			}
			if strings.Contains(s.log.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%s: the log holds bytes %d of %s in hex", when, i, name)
			}
		}
	}
	if random < 10 || len(disk) == 0 {
		t.Errorf("%s: %d files on disk were searched for %d stretches of memory, want some of both", when, len(disk), random)
	}
}

func (h *installation) databaseID() [16]byte {
	db := h.openCopy()
	defer db.Close()
	return db.ID()
}

// secrets are the stretches of a file of the memory state that look random: what
// is in them is no text and no small number.
func secrets(content []byte) map[int][]byte {
	const length = 12
	all := map[int][]byte{}
	for i := 0; i+length <= len(content); i++ {
		window := content[i : i+length]
		different, run, longest := map[byte]bool{}, 0, 0
		for _, c := range window {
			different[c] = true
			if run++; c < ' ' || c > '~' {
				run = 0
			}
			longest = max(longest, run)
		}
		if len(different) >= length-1 && longest < 4 {
			all[i] = window
		}
	}
	return all
}

// searchValues looks through the decoded blocks: on disk they are compressed.
func (h *installation) searchValues(when string, content []byte) {
	h.t.Helper()
	db, err := openBytes(h.t, content)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	all := values(h.t, db)
	if !slices.Contains(all, "/kanari") || !slices.Contains(all, "bekannt") {
		h.t.Errorf("%s: the blocks lack the page /kanari or the tag, they have %q", when, all)
	}
	search(h.t.(*testing.T), "a block "+when, []byte(strings.Join(all, "\n")))
}

// values are all texts in the blocks of a file.
func values(t testing.TB, db *storage.DB) []string {
	t.Helper()
	all := map[string]bool{}
	for _, r := range db.Sites() {
		first, last, _, err := db.Days(r.Site)
		if err != nil {
			t.Fatal(err)
		}
		for _, span := range []aggregate.Span{aggregate.OneDay, aggregate.OneMonth} {
			for a := range aggregate.Dimension(aggregate.Dimensions) {
				for b := range aggregate.Dimension(aggregate.Dimensions) {
					q := storage.BlockRange{Site: r.Site, AllImports: true, Span: span, A: a, B: b, First: first.Month(), Last: last}
					err := db.Range(q, func(_ aggregate.Key, block *aggregate.Block) error {
						for _, v := range append(slices.Clone(block.A), block.B...) {
							all[v] = true
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	list := make([]string, 0, len(all))
	for v := range all {
		list = append(list, v)
	}
	slices.Sort(list)
	return list
}

func coreDumpsAreOff(t *testing.T, s *server) {
	t.Helper()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && f[4] != "0" {
			t.Errorf("core dumps are on: %s", line)
		}
	}
}

// TestAnUnknownSiteIsAnsweredLikeAKnownOne: only the headers tell them apart.
func TestAnUnknownSiteIsAnsweredLikeAKnownOne(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("known.example", noonZone())
	s := h.serve()
	known := s.send("203.0.113.1", browsers[0], view("https://known.example/"))
	unknown := s.send("203.0.113.1", browsers[0], view("https://unknown.example/"))
	if known.status != http.StatusAccepted || unknown.status != known.status || unknown.body != known.body {
		t.Errorf("the unknown site is answered %d %q, the known one %d %q; want 202 ok for both", unknown.status, unknown.body, known.status, known.body)
	}
	if known.dropped() != "" || unknown.dropped() != "unknown_site" {
		t.Errorf("dropped as %q and %q, want only the other as unknown_site", known.dropped(), unknown.dropped())
	}
	s.stop()
}
