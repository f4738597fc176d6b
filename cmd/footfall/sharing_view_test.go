//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestASecretLinkToAViewHoldsAllItsFilters(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	e.count("203.0.113.8", browsers[0], view("https://a.test/blog/hidden-by-the-second"))
	const filters = "f=contains,page,/blog&f=is_not,page,/blog/hidden-by-the-second"
	const form, target = "/a.test/sharing?" + filters, "/a.test/sharing/link?" + filters
	spelled := strings.ReplaceAll(filters, "&", "&amp;")
	e.alice.get("/a.test?period=today&"+filters).want(t, "the menu", 200, `href="/a.test/sharing?`+spelled+`"`)
	if r := e.eddie.get("/a.test?" + filters); strings.Contains(r.body, "/a.test/sharing?") {
		t.Error("an editor, who may make no links, is offered one")
	}
	e.alice.get(form).want(t, "the form", 200, `action="/a.test/sharing/link?`+spelled+`"`, "Page contains /blog · Page is not /blog/hidden-by-the-second")
	e.alice.post("/a.test/segments", "/a.test/segments?"+filters, "name", "Readers", "whose", "mine").want(t, "saving them", 303)
	id := savedIDs(e.alice.get("/a.test/segments").body)["Readers"]
	e.alice.get("/a.test/sharing").want(t, "the segment is offered", 200, `<option value="`+id+`">Readers</option>`)
	guest := e.teammate()
	for name, r := range map[string]reply{
		"a view":    e.alice.post(form, target, "name", "a view", "lasts", "never"),
		"a segment": e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "a segment", "lasts", "never", "segment", id),
		"a view and a filter beside": e.alice.post("/a.test/sharing", "/a.test/sharing/link?f=is_not,page,/blog/hidden-by-the-second", "name", "both",
			"lasts", "never", "key", "page", "op", "contains", "value", "/blog"),
		"a filter like one of the view's": e.alice.post("/a.test/sharing", "/a.test/sharing/link?f=contains,page,/blog&f=contains,page,one", "name", "twice",
			"lasts", "never", "key", "page", "op", "contains", "value", "/"),
	} {
		link := pathOf(t, made(t, r))
		guest.get(link+"?period=today").want(t, name, 200, "/blog/one")
		for _, way := range []string{"", "?period=today", "?period=all&f=contains,page,/", "?period=today&f=is_not,page,/blog/one", "?period=today&f=is,source,Direct%20/%20None",
			"?report=pages&period=today", "?period=today&as=csv", "?period=today&as=zip", "?period=today&as=values&key=page&value=hidden", "?period=today&f=&f=,,&segment=" + id} {
			r := guest.get(link + way)
			if strings.Contains(r.body, "hidden-") || r.status >= 500 {
				t.Errorf("%s with %s: status %d, and what lies beyond the filters is shown", name, way, r.status)
			}
		}
	}
	e.alice.get("/a.test/sharing").want(t, "the list", 200, "Page contains /blog · Page is not /blog/hidden-by-the-second")
	for what, r := range map[string]reply{
		"half a filter":        e.alice.post("/a.test/sharing", target+"&f=nonsense", "name", "x"),
		"a dimension made up":  e.alice.post("/a.test/sharing", target, "name", "x", "key", "nothing", "op", "is", "value", "x"),
		"more than can be had": e.alice.post("/a.test/sharing", target+strings.Repeat("&f=contains,page,x", 12), "name", "x"),
		"a segment made up":    e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "x", "segment", "99"),
		"another's segment":    e.ada.post("/a.test/sharing", "/a.test/sharing/link", "name", "x", "segment", id),
	} {
		r.want(t, what, 422, "No link was made")
	}
	e.stop()
}
