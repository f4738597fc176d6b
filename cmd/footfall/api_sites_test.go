//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// multiform is a form as curl -F sends it.
func multiform(t *testing.T, pairs ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return b.String(), w.FormDataContentType()
}

// managed is a running server asked with a token of the scope sites.
func managed(t *testing.T) *apiDesk {
	t.Helper()
	h := install(t)
	h.addSite(apiSite, "Europe/Berlin")
	s := h.inside(&wallClock{time: berlin(t, "2026-11-12 15:00:00")}, h.state)
	s.token = strings.TrimSpace(h.must("token", "add", "manager", "--scope", "sites"))
	return &apiDesk{s, t}
}

func (d *apiDesk) want(method, path, body string, status int, answer string, headers ...string) {
	d.t.Helper()
	got, v := d.call(method, path, body, headers...)
	if got != status {
		d.t.Errorf("%s %s: status %d, want %d", method, path, got, status)
	}
	wantJSON(d.t, method+" "+path, v, answer)
}

func TestSitesAreManagedAsPlausiblesClientsDo(t *testing.T) {
	t.Parallel()
	d := managed(t)
	const form = "application/x-www-form-urlencoded"
	d.want("GET", "/api/v1/sites", "", 200, `{"sites":[{"domain":"api.example","timezone":"Europe/Berlin"}],"meta":{"after":null,"before":null,"limit":100}}`)
	body, kind := multiform(t, "domain", "new.example", "timezone", "Europe/London")
	d.want("POST", "/api/v1/sites", body, 200, `{"domain":"new.example","timezone":"Europe/London"}`, "Content-Type", kind)
	d.want("POST", "/api/v1/sites", body, 400, `{"error":"domain: this domain is counted here already"}`, "Content-Type", kind)
	d.want("POST", "/api/v1/sites", "domain=form.example", 200, `{"domain":"form.example","timezone":"UTC"}`, "Content-Type", form)
	d.want("POST", "/api/v1/sites", `{"domain":"json.example","timezone":"Asia/Tokyo","floor":5}`, 200, `{"domain":"json.example","timezone":"Asia/Tokyo"}`)
	d.want("POST", "/api/v1/sites", `{"domain":"x","timezone":"Moon"}`, 400, `{"error":"timezone: unknown zone \"Moon\"; want an IANA zone such as Europe/Berlin"}`)
	d.want("POST", "/api/v1/sites", `{}`, 400, `{"error":"domain: want a domain such as example.com, got \"\""}`)
	d.want("POST", "/api/v1/sites", `{"domain":["x"]}`, 400, `{"error":"domain: want a text, got [\"x\"]"}`)

	_, v := d.call("GET", "/api/v1/sites/json.example", "")
	site := v.(map[string]any)
	if settings := site["settings"].(map[string]any); site["domain"] != "json.example" || site["timezone"] != "Asia/Tokyo" || settings["floor"] != "5" {
		t.Errorf("the site is %v, want its time zone and a floor of 5", site)
	}
	_, v = d.call("PUT", "/api/v1/sites/json.example", `{"timezone":"Europe/Paris","gpc":false}`)
	if site := v.(map[string]any); site["timezone"] != "Europe/Paris" || site["settings"].(map[string]any)["gpc"] != "off" {
		t.Errorf("changed it is %v, want another zone and gpc off", site)
	}
	if list := d.home.must("site", "list"); !strings.Contains(list, "Europe/Paris") {
		t.Errorf("site list says %s", list)
	}
	d.want("PUT", "/api/v1/sites/json.example", `{"domain":"other.example"}`, 400,
		`{"error":"domain: a site keeps its domain here. Add the new one, and let pages of both count under it with the setting hostnames."}`)
	d.want("PUT", "/api/v1/sites/json.example", ``, 400, `{"error":"There is nothing to change: send timezone or another setting."}`)
	d.want("PUT", "/api/v1/sites/json.example", `floor=many`, 400, `{"error":"floor: \"many\" is not a number from 1 to 1000"}`, "Content-Type", form)

	d.count("203.0.113.1", browsers[0], beacon{"n": "pageview", "u": "https://json.example/"})
	d.want("DELETE", "/api/v1/sites/json.example", "", 200, `{"deleted":true}`)
	d.want("DELETE", "/api/v1/sites/json.example", "", 404, `{"error":"Site could not be found. A token that is bound to some sites sees no others."}`)
	if r := d.send("203.0.113.1", browsers[0], beacon{"n": "pageview", "u": "https://json.example/"}); r.dropped() != "unknown_site" {
		t.Errorf("a beacon of the removed site is dropped as %q", r.dropped())
	}
}

func TestGoalsAreManagedAsPlausiblesClientsDo(t *testing.T) {
	t.Parallel()
	d := managed(t)
	d.want("GET", "/api/v1/sites/goals?site_id=api.example", "", 200, `{"goals":[],"meta":{"after":null,"before":null,"limit":100}}`)
	body, kind := multiform(t, "site_id", "api.example", "goal_type", "event", "event_name", "Signup")
	for range 2 {
		d.want("PUT", "/api/v1/sites/goals", body, 200,
			`{"domain":"api.example","id":"1","display_name":"Signup","goal_type":"event","event_name":"Signup","page_path":null}`, "Content-Type", kind)
	}
	d.want("PUT", "/api/v1/sites/goals", `{"site_id":"api.example","goal_type":"page","page_path":"/register"}`, 200,
		`{"domain":"api.example","id":"2","display_name":"Visit /register","goal_type":"page","event_name":null,"page_path":"/register"}`)
	d.want("PUT", "/api/v1/sites/goals", `{"site_id":"api.example","goal_type":"page","page_path":"/docs/**","scroll_threshold":75,"display_name":"Readers"}`, 200,
		`{"domain":"api.example","id":"3","display_name":"Readers","goal_type":"page","event_name":null,"page_path":"/docs/**","scroll_threshold":75}`)
	d.want("PUT", "/api/v1/sites/goals", `{"site_id":"api.example","goal_type":"event","event_name":"Signup","custom_props":{"plan":"pro"},"display_name":"Pros"}`, 200,
		`{"domain":"api.example","id":"4","display_name":"Pros","goal_type":"event","event_name":"Signup","page_path":null,"custom_props":{"plan":"pro"}}`)

	_, first := d.call("GET", "/api/v1/sites/goals?site_id=api.example&limit=3", "")
	meta := first.(map[string]any)["meta"].(map[string]any)
	after, _ := meta["after"].(string)
	if goals := first.(map[string]any)["goals"].([]any); len(goals) != 3 || after == "" || meta["before"] != nil {
		t.Fatalf("the first three goals are %v", first)
	}
	_, second := d.call("GET", "/api/v1/sites/goals?site_id=api.example&limit=3&after="+url.QueryEscape(after), "")
	meta = second.(map[string]any)["meta"].(map[string]any)
	before, _ := meta["before"].(string)
	if goals := second.(map[string]any)["goals"].([]any); len(goals) != 1 || meta["after"] != nil || before == "" || goals[0].(map[string]any)["display_name"] != "Pros" {
		t.Errorf("the rest of the goals is %v", second)
	}
	if _, back := d.call("GET", "/api/v1/sites/goals?site_id=api.example&limit=3&before="+url.QueryEscape(before), ""); !sameJSON(back, first) {
		t.Errorf("back from the second page there is %v, want %v", back, first)
	}

	for _, c := range []struct{ body, want string }{
		{`{"goal_type":"event","event_name":"x"}`, "Missing site ID: send the site's domain as site_id."},
		{`{"site_id":"api.example","goal_type":"click"}`, `goal_type: want event or page, got "click"`},
		{`{"site_id":"api.example","goal_type":"event"}`, "event_name: want the name of the event."},
		{`{"site_id":"api.example","goal_type":"page","page_path":"x"}`, `goal: the page "x" is no path; want one such as /thanks or /blog/**`},
		{`{"site_id":"api.example","goal_type":"event","event_name":"Other","display_name":"Pros"}`, `goal: there is one named "Pros" already`},
		{`{"site_id":"api.example"`, "#: The body is not JSON"},
	} {
		wanted, _ := json.Marshal(map[string]string{"error": c.want})
		d.want("PUT", "/api/v1/sites/goals", c.body, 400, string(wanted))
	}
	body, kind = multiform(t, "site_id", "api.example")
	d.want("DELETE", "/api/v1/sites/goals/1", body, 200, `{"deleted":true}`, "Content-Type", kind)
	d.want("DELETE", "/api/v1/sites/goals/1?site_id=api.example", "", 404, `{"error":"Goal could not be found."}`)
	d.want("DELETE", "/api/v1/sites/goals/x?site_id=api.example", "", 404, `{"error":"Goal could not be found."}`)
}

func TestPropertiesAndSharedLinksAreManagedAsPlausiblesClientsDo(t *testing.T) {
	t.Parallel()
	d := managed(t)
	const none = `"meta":{"after":null,"before":null,"limit":100}`
	d.want("PUT", "/api/v1/sites/custom-props", `{"site_id":"api.example","property":"plan"}`, 200, `{"created":true}`) // any key counts already
	d.want("GET", "/api/v1/sites/custom-props?site_id=api.example", "", 200, `{"custom_properties":[],`+none+`}`)
	d.want("DELETE", "/api/v1/sites/custom-props/plan?site_id=api.example", "", 400,
		`{"error":"property: every key counts on this site. Send those that should as properties to PUT /api/v1/sites/api.example first."}`)
	if status, _ := d.call("PUT", "/api/v1/sites/api.example", `{"properties":"none"}`); status != 200 {
		t.Errorf("the limit is answered %d", status)
	}
	for _, key := range []string{"plan", "author", "plan"} {
		d.want("PUT", "/api/v1/sites/custom-props", `{"site_id":"api.example","property":"`+key+`"}`, 200, `{"created":true}`)
	}
	d.want("GET", "/api/v1/sites/custom-props?site_id=api.example", "", 200, `{"custom_properties":[{"property":"author"},{"property":"plan"}],`+none+`}`)
	for _, key := range []string{"plan", "author"} {
		d.want("DELETE", "/api/v1/sites/custom-props/"+key+"?site_id=api.example", "", 200, `{"deleted":true}`)
	}
	d.want("DELETE", "/api/v1/sites/custom-props/plan?site_id=api.example", "", 404, `{"error":"Property could not be found."}`)
	if list := d.home.must("site", "set", apiSite); !strings.Contains(list, "none") {
		t.Errorf("without its last key the setting is\n%s", list)
	}

	body, kind := multiform(t, "site_id", "api.example", "name", "WordPress")
	status, answer := d.call("PUT", "/api/v1/sites/shared-links", body, "Content-Type", kind)
	link := answer.(map[string]any)
	address, _ := link["url"].(string)
	if status != 200 || link["name"] != "WordPress" || !strings.HasPrefix(address, d.url+"/share/") {
		t.Fatalf("the link: %d %v", status, answer)
	}
	if r, err := d.do("GET", strings.TrimPrefix(address, d.url), nil, "X-Forwarded-For", "203.0.113.50"); err != nil || r.status != 200 || !strings.Contains(r.body, apiSite) {
		t.Errorf("the link opens %d %.200s (%v), want the site's page", r.status, r.body, err)
	}
	if status, _ := d.call("PUT", "/api/v1/sites/shared-links", body, "Content-Type", kind); status != 400 {
		t.Errorf("a second link of that name: %d, want 400", status)
	}
}

func sameJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func TestManagingSitesNeedsItsScope(t *testing.T) {
	t.Parallel()
	d := managed(t)
	h := d.home
	h.addSite("other.example", "UTC")
	bound := strings.TrimSpace(h.must("token", "add", "bound", "--site", "other.example", "--scope", "sites"))
	for name, token := range map[string]string{"none": "", "a made-up one": "footfall_nothing", "one for figures": h.tokenOf()} {
		for _, address := range []string{"GET /api/v1/sites", "POST /api/v1/sites", "GET /api/v1/sites/api.example", "PUT /api/v1/sites/api.example",
			"DELETE /api/v1/sites/api.example", "GET /api/v1/sites/goals?site_id=api.example", "PUT /api/v1/sites/goals", "DELETE /api/v1/sites/goals/1"} {
			method, path, _ := strings.Cut(address, " ")
			r, err := d.do(method, path, nil, "Authorization", "Bearer "+token)
			if err != nil || r.status != http.StatusUnauthorized {
				t.Errorf("%s with %s: got %d %s (%v), want 401", address, name, r.status, r.body, err)
			}
		}
	}
	figures, err := d.do("GET", "/api/v1/stats/aggregate?site_id=api.example", nil, "Authorization", "Bearer "+d.token)
	if err != nil || figures.status != http.StatusUnauthorized {
		t.Errorf("figures with a token for sites: got %d (%v), want 401", figures.status, err)
	}
	d.token = bound
	const nobody = `{"error":"Site could not be found. A token that is bound to some sites sees no others."}`
	d.want("GET", "/api/v1/sites", "", 200, `{"sites":[{"domain":"other.example","timezone":"UTC"}],"meta":{"after":null,"before":null,"limit":100}}`)
	d.want("GET", "/api/v1/sites/api.example", "", 404, nobody)
	d.want("GET", "/api/v1/sites/nowhere.example", "", 404, nobody)
	d.want("DELETE", "/api/v1/sites/api.example", "", 404, nobody)
	d.want("GET", "/api/v1/sites/goals?site_id=api.example", "", 404, nobody)
	d.want("POST", "/api/v1/sites", `{"domain":"third.example"}`, 403, `{"error":"This token is bound to other sites."}`)
}
