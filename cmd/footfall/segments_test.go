//go:build linux

package main

import (
	"regexp"
	"strings"
	"testing"

	"footfall/aggregate"
)

// savedIDs are the segments that a page has a form for, by their names.
func savedIDs(body string) map[string]string {
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)name="id" value="(\d+)">.*?name="name" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		all[m[2]] = m[1]
	}
	return all
}

func TestFiltersAreSavedForTheSiteAndForOneself(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	e.user("vera@example.com", "--role", "viewer", "--site", "a.test")
	vera := e.teammate().signIn("vera@example.com")
	const page = "/a.test/segments"
	const blog = "?period=today&f=contains,page,/blog"
	e.eddie.get("/a.test"+blog).want(t, "the page under a filter", 200, `href="/a.test/segments?period=today&amp;f=contains,page,/blog"`)
	e.eddie.get(page+blog).want(t, "the form", 200, "Page contains /blog", `value="site"`, `value="mine"`)
	r := e.eddie.post(page, page+blog, "name", " The <blog> ", "whose", "site")
	if r.want(t, "saving for the site", 303); r.header.Get("Location") != "/a.test"+blog {
		t.Errorf("the reader is sent to %q", r.header.Get("Location"))
	}
	vera.post(page, page+"?f=is,page,/hidden-in-a&f=is_not,source,Google", "name", "Mine", "whose", "mine").want(t, "a viewer's own", 303)
	vera.post(page, page+blog, "name", "Everybody's", "whose", "site").want(t, "a viewer, for the site", 403)
	e.bella.post("/", page+blog, "name", "Foreign").want(t, "somebody of another site", 403)

	// One click applies it; the chip is named after it.
	vera.get("/a.test?period=today").want(t, "the menu", 200, `href="/a.test?period=today&amp;f=contains,page,/blog"><bdi>The &lt;blog&gt;</bdi>`,
		`href="/a.test?period=today&amp;f=is,page,/hidden-in-a&amp;f=is_not,source,Google"><bdi>Mine</bdi>`)
	r = vera.get("/a.test" + blog)
	if r.want(t, "under the segment", 200, `class="named"><bdi>The &lt;blog&gt;</bdi>`, "/blog/one"); strings.Contains(r.body, "hidden-in-a</") {
		t.Error("the segment lets other pages through")
	}
	if r := e.eddie.get("/a.test"); strings.Contains(r.body, "Mine") {
		t.Error("somebody else's own segment is in the menu")
	}
	for _, path := range []string{"/a.test", page} {
		if r := e.eddie.get(path); strings.Contains(r.body, "hidden-in-a&amp;f=is_not") {
			t.Errorf("somebody else's own segment is on %s", path)
		}
	}

	hers, his := savedIDs(vera.get(page).body), savedIDs(e.eddie.get(page).body)
	if len(hers) != 1 || len(his) != 1 {
		t.Fatalf("a viewer may change %v, an editor %v", hers, his)
	}
	vera.post(page, page, "id", his["The &lt;blog&gt;"], "remove", "1").want(t, "a viewer removes the site's", 403)
	e.eddie.post(page, page, "id", hers["Mine"], "name", "Stolen").want(t, "an editor renames somebody's own", 404)
	e.bella.post("/", page, "id", his["The &lt;blog&gt;"], "remove", "1").want(t, "somebody of another site removes it", 403)
	e.eddie.post(page, page, "id", his["The &lt;blog&gt;"], "name", "Readers").want(t, "renaming it", 303)
	vera.post(page, page, "id", hers["Mine"], "name", "Still mine").want(t, "renaming one's own", 303)
	vera.get(page).want(t, "renamed", 200, "Readers", "Still mine", "for myself", "for the site")

	for what, one := range map[string][3]string{
		"no name":              {blog, " ", "120 characters"},
		"a name that is taken": {blog, "Readers", "no other has"},
		"no filter":            {"", "x", "cannot be saved"},
		"half a filter":        {blog + "&f=nonsense", "x", "cannot be saved"},
		"an outbound link":     {"?f=is,outbound,https://b.example/", "x", "cannot be saved"},
	} {
		e.eddie.post(page, page+one[0], "name", one[1], "whose", "site").want(t, what, 400, one[2])
	}
	guest := e.teammate()
	link := pathOf(t, made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "everything", "lasts", "never")))
	if r := guest.get(link); strings.Contains(r.body, "Readers") {
		t.Error("a secret link tells the team's segments")
	}
	guest.get(strings.TrimSuffix(link, "/a.test")+page).want(t, "the page under a secret link", 404)

	e.eddie.post(page, page, "id", his["The &lt;blog&gt;"], "remove", "1").want(t, "removing it", 303)
	e.alice.get("/a.test/activity").want(t, "the log", 200, "saved a filter", "changed a saved filter", "removed a saved filter", "Readers", "eddie@example.com")
	if r := e.alice.get("/a.test/activity"); strings.Contains(r.body, "Still mine") || strings.Contains(r.body, "vera@example.com") {
		t.Error("the log tells what somebody saved for themselves")
	}
	e.stop()
}

func TestSegmentsThatAPageCannotAskAreListedWithoutALink(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	token := strings.TrimSpace(e.must("token", "add", "writer", "--scope", "sites"))
	program := e.teammate("Authorization", "Bearer "+token)
	for _, body := range []string{`{"site_id":"a.test","name":"Either","filters":[["or",[["is","event:page",["/"]],["is","visit:source",["Google"]]]]]}`,
		`{"site_id":"a.test","name":"Germans","filters":[["is","visit:country",["DE"]]]}`} {
		program.json("POST", "/api/v2/segments", body).want(t, "a program's segment", 200)
	}
	r := e.eddie.get("/a.test/segments")
	r.want(t, "the list", 200, "<p><bdi>Either</bdi></p>", "made for programs", `f=is,country,DE"><bdi>Germans</bdi></a>`)
	if r := e.eddie.get("/a.test"); strings.Contains(r.body, "Either") || !strings.Contains(r.body, "Germans") {
		t.Error("the menu offers what a page cannot ask, or not what it can")
	}
	e.stop()
}

func TestWhatSomebodySavedForThemselvesEndsWithTheirAccount(t *testing.T) {
	t.Parallel()
	d := managed(t)
	d.home.user("ada@example.com")
	d.home.user("vera@example.com", "--role", "viewer")
	for _, m := range d.real.book.Members() {
		s := aggregate.Segment{Name: "of " + m.Email, Account: m.ID, Filters: []byte(`[["is","event:page",["/"]]]`)}
		if _, err := d.real.db.AddSegment(apiSite, s); err != nil {
			t.Fatal(err)
		}
	}
	d.home.must("user", "remove", "vera@example.com")
	if left := d.real.db.Segments(apiSite); len(left) != 1 || left[0].Name != "of ada@example.com" {
		t.Errorf("left are %v, want ada's alone", left)
	}
}
