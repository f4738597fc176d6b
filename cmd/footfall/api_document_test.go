//go:build linux

package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documented is a server's own description of its API, and which of its answers
// have not been seen yet.
type documented struct {
	t        *testing.T
	root     map[string]any
	compiler *jsonschema.Compiler
	missing  map[string]bool // "GET /path 200"
}

const documentName = "openapi.json"

func readDocument(t *testing.T, s *server) *documented {
	t.Helper()
	r, err := s.do("GET", "/api/openapi.json", nil)
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("the document: %d (%v)", r.status, err)
	}
	root, err := jsonschema.UnmarshalJSON(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	d := &documented{t: t, root: root.(map[string]any), compiler: jsonschema.NewCompiler(), missing: map[string]bool{}}
	if err := d.compiler.AddResource(documentName, root); err != nil {
		t.Fatal(err)
	}
	for path, operations := range d.root["paths"].(map[string]any) {
		for method, operation := range operations.(map[string]any) {
			if operation, ok := operation.(map[string]any); ok { // the parameters of a path are a list
				for status := range operation["responses"].(map[string]any) {
					d.missing[strings.ToUpper(method)+" "+path+" "+status] = true
				}
			}
		}
	}
	return d
}

// at follows a pointer into the document, references included, and returns where
// it has led.
func (d *documented) at(keys ...string) (value any, pointer string) {
	d.t.Helper()
	value, pointer = d.root, "#"
	for _, key := range keys {
		object, _ := value.(map[string]any)
		if value = object[key]; value == nil {
			d.t.Errorf("the document has nothing at %s/%s", pointer, key)
			return nil, pointer
		}
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
		if object, ok := value.(map[string]any); ok && object["$ref"] != nil {
			pointer = object["$ref"].(string)
			value, _ = d.at(strings.Split(pointer[2:], "/")...)
		}
	}
	return value, pointer
}

// valid holds a value against the schema at a pointer.
func (d *documented) valid(what, pointer string, value any) {
	d.t.Helper()
	schema, err := d.compiler.Compile(documentName + pointer)
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		d.t.Errorf("%s is not as documented: %v", what, err)
	}
}

// check makes one request and holds it and its answer against the document.
func (d *documented) check(s *server, token string, c apiCall, want int) {
	d.t.Helper()
	var headers []string
	if token != "" {
		headers = []string{"Authorization", "Bearer " + token}
	}
	r, err := s.do(c.method, c.path, strings.NewReader(c.body), headers...)
	if err != nil || r.status != want {
		d.t.Errorf("%s %s: answered %d %.300s (%v), want %d", c.method, c.path, r.status, r.body, err, want)
		return
	}
	what := fmt.Sprintf("%s %s %d", c.method, c.spelled(), want)
	delete(d.missing, what)
	operation := []string{"paths", c.spelled(), strings.ToLower(c.method)}
	_, pointer := d.at(append(operation, "responses", fmt.Sprint(want))...)
	answer, err := jsonschema.UnmarshalJSON(strings.NewReader(r.body))
	if err != nil {
		d.t.Errorf("%s: no JSON: %v", what, err)
		return
	}
	d.valid("the answer of "+what, pointer+"/content/application~1json/schema", answer)
	if want == http.StatusTooManyRequests && r.header.Get("Retry-After") == "" {
		d.t.Errorf("%s: no Retry-After", what)
	}
	if want == http.StatusOK { // of others the form may be what is wrong
		d.checkRequest(what, operation, c)
	}
}

func (d *documented) checkRequest(what string, operation []string, c apiCall) {
	d.t.Helper()
	if c.body != "" {
		_, pointer := d.at(append(operation, "requestBody")...)
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(c.body))
		if err != nil {
			d.t.Fatal(err)
		}
		d.valid("the body of "+what, pointer+"/content/application~1json/schema", body)
	}
	at, err := url.Parse(c.path)
	if err != nil {
		d.t.Fatal(err)
	}
	for name := range at.Query() {
		if pointer := d.parameter(operation, name); pointer == "" {
			d.t.Errorf("the parameter %s of %s is not documented", name, what)
		} else {
			var value any = at.Query().Get(name)
			if n, err := strconv.Atoi(at.Query().Get(name)); err == nil {
				value = n
			}
			d.valid("the parameter "+name+" of "+what, pointer+"/schema", value)
		}
	}
}

// parameter is where a parameter of an operation is described, blank where it is not.
func (d *documented) parameter(operation []string, name string) string {
	o, pointer := d.at(operation...)
	list, _ := o.(map[string]any)["parameters"].([]any)
	for i, p := range list {
		own := fmt.Sprintf("%s/parameters/%d", pointer, i)
		if ref, ok := p.(map[string]any)["$ref"].(string); ok {
			own = ref
			p, _ = d.at(strings.Split(ref[2:], "/")...)
		}
		if p.(map[string]any)["name"] == name {
			return own
		}
	}
	return ""
}

// apiCall is a request, with the path as the document spells it where that is not
// the same.
type apiCall struct {
	method, path, template, body string
	status                       int
}

// goodCalls are requests that are answered, in an order that works once.
func goodCalls() []apiCall {
	const site = "?site_id=api.example"
	return []apiCall{
		{"GET", "/api/openapi.json", "", "", 200},
		{"POST", "/api/v2/query", "", `{"site_id":"api.example","metrics":["visitors","pageviews","bounce_rate","visit_duration","views_per_visit","time_on_page","scroll_depth"],"date_range":"7d","dimensions":["time:day","event:page"],"filters":[["contains","event:page",["o"],{"case_sensitive":false}]],"order_by":[["visitors","desc"]],"include":{"time_labels":true,"total_rows":true,"imports":true},"pagination":{"limit":3,"offset":1}}`, 200},
		{"POST", "/api/v2/query", "", `{"site_id":"api.example","metrics":["visitors","percentage"],"date_range":["2026-11-10","2026-11-12"],"dimensions":["visit:source"],"include":{"comparisons":{"mode":"custom","date_range":["2026-11-01","2026-11-04"]}}}`, 200},
		{"POST", "/api/v2/query", "", `{"site_id":"api.example","metrics":["visitors"],"date_range":["2026-11-09","2026-11-11"],"dimensions":["time"],"include":{"time_labels":true,"comparisons":{"mode":"custom","date_range":["2026-11-04","2026-11-05"]}}}`, 200},
		{"GET", "/api/v1/stats/realtime/visitors" + site, "", "", 200},
		{"GET", "/api/v1/stats/aggregate" + site + "&period=7d&metrics=visitors,visit_duration&compare=previous_period", "", "", 200},
		{"GET", "/api/v1/stats/timeseries" + site + "&period=7d&interval=day&metrics=visitors,visit_duration&filters=event:page%3D%3D/*", "", "", 200},
		{"GET", "/api/v1/stats/breakdown" + site + "&period=custom&date=2026-11-01,2026-11-12&property=visit:source&limit=5&page=1&with_imported=true", "", "", 200},
		{"GET", "/api/v1/sites?limit=1", "", "", 200},
		{"POST", "/api/v1/sites", "", `{"domain":"doc.example","timezone":"Europe/Paris","floor":"4"}`, 200},
		{"GET", "/api/v1/sites/doc.example", "/api/v1/sites/{site_id}", "", 200},
		{"PUT", "/api/v1/sites/doc.example", "/api/v1/sites/{site_id}", `{"timezone":"Europe/Rome"}`, 200},
		{"DELETE", "/api/v1/sites/doc.example", "/api/v1/sites/{site_id}", "", 200},
		{"PUT", "/api/v1/sites/goals", "", `{"site_id":"api.example","goal_type":"event","event_name":"Signup","custom_props":{"plan":"pro"}}`, 200},
		{"PUT", "/api/v1/sites/goals", "", `{"site_id":"api.example","goal_type":"page","page_path":"/docs/**","scroll_threshold":50,"display_name":"Readers"}`, 200},
		{"GET", "/api/v1/sites/goals" + site, "", "", 200},
		{"PUT", "/api/v1/sites/api.example", "/api/v1/sites/{site_id}", `{"properties":"plan"}`, 200},
		{"PUT", "/api/v1/sites/custom-props", "", `{"site_id":"api.example","property":"author"}`, 200},
		{"GET", "/api/v1/sites/custom-props" + site, "", "", 200},
		{"DELETE", "/api/v1/sites/custom-props/author" + site, "/api/v1/sites/custom-props/{property}", "", 200},
		{"PUT", "/api/v1/sites/shared-links", "", `{"site_id":"api.example","name":"WordPress"}`, 200},
		{"GET", "/api/v2/goals" + site, "", "", 200},
		{"POST", "/api/v2/funnels", "", `{"site_id":"api.example","name":"Sale","steps":[{"page_path":"/"},{"goal_id":"1"}]}`, 200},
		{"GET", "/api/v2/funnels" + site, "", "", 200},
		{"POST", "/api/v2/funnels/query", "", `{"site_id":"api.example","funnel_id":"1","date_range":"day","by":"visit:source"}`, 200},
		{"DELETE", "/api/v2/funnels/1" + site, "/api/v2/funnels/{funnel_id}", "", 200},
		{"POST", "/api/v2/flows", "", `{"site_id":"api.example","page":"/","date_range":"7d","limit":5}`, 200},
		{"DELETE", "/api/v1/sites/goals/1" + site, "/api/v1/sites/goals/{goal_id}", "", 200},
		{"POST", "/api/v2/segments", "", `{"site_id":"api.example","name":"Searchers","filters":[["is","visit:source",["Google"]]]}`, 200},
		{"GET", "/api/v2/segments" + site, "", "", 200},
		{"GET", "/api/v2/segments/1" + site, "/api/v2/segments/{segment_id}", "", 200},
		{"PUT", "/api/v2/segments/1", "/api/v2/segments/{segment_id}", `{"site_id":"api.example","name":"From search"}`, 200},
		{"POST", "/api/v2/query", "", `{"site_id":"api.example","metrics":["visitors"],"date_range":"7d","filters":[["is","segment",[1]]]}`, 200},
		{"DELETE", "/api/v2/segments/1" + site, "/api/v2/segments/{segment_id}", "", 200},
		{"POST", "/api/v2/annotations", "", `{"site_id":"api.example","text":"Version 2"}`, 200},
		{"GET", "/api/v2/annotations" + site, "", "", 200},
		{"PUT", "/api/v2/annotations/1", "/api/v2/annotations/{annotation_id}", `{"site_id":"api.example","date":"2026-11-10"}`, 200},
		{"DELETE", "/api/v2/annotations/1" + site, "/api/v2/annotations/{annotation_id}", "", 200},
		{"GET", "/api/v2/refusals" + site + "&days=7", "", "", 200},
		{"POST", "/api/v2/refusals/allow", "", `{"site_id":"api.example","host":"shop.example"}`, 200},
		{"POST", "/api/v2/refusals/shield", "", `{"site_id":"api.example","ip":"198.51.100.200"}`, 200},
	}
}

// badCalls are requests that are refused.
func badCalls() []apiCall {
	const site = "?site_id=api.example"
	long := `{"site_id":"api.example","name":"` + strings.Repeat("x", 50<<10) + `"}`
	return []apiCall{
		{"POST", "/api/v2/query", "", `{"site_id":"api.example","metrics":["baa"],"date_range":"7d"}`, 400},
		{"POST", "/api/v2/query", "", long, 413},
		{"GET", "/api/v1/stats/realtime/visitors" + site + "&filters=x", "/api/v1/stats/realtime/visitors", "", 400},
		{"GET", "/api/v1/stats/aggregate" + site + "&period=x", "/api/v1/stats/aggregate", "", 400},
		{"GET", "/api/v1/stats/timeseries" + site + "&interval=x", "/api/v1/stats/timeseries", "", 400},
		{"GET", "/api/v1/stats/breakdown" + site, "/api/v1/stats/breakdown", "", 400},
		{"GET", "/api/v1/sites?limit=x", "", "", 400},
		{"POST", "/api/v1/sites", "", `{"domain":""}`, 400},
		{"POST", "/api/v1/sites", "", long, 413},
		{"GET", "/api/v1/sites/nowhere.example", "/api/v1/sites/{site_id}", "", 404},
		{"PUT", "/api/v1/sites/api.example", "/api/v1/sites/{site_id}", `{"floor":"x"}`, 400},
		{"PUT", "/api/v1/sites/nowhere.example", "/api/v1/sites/{site_id}", `{"floor":"2"}`, 404},
		{"DELETE", "/api/v1/sites/nowhere.example", "/api/v1/sites/{site_id}", "", 404},
		{"GET", "/api/v1/sites/goals", "", "", 400},
		{"GET", "/api/v1/sites/goals?site_id=nowhere.example", "/api/v1/sites/goals", "", 404},
		{"PUT", "/api/v1/sites/goals", "", `{"site_id":"api.example"}`, 400},
		{"PUT", "/api/v1/sites/goals", "", `{"site_id":"nowhere.example"}`, 404},
		{"DELETE", "/api/v1/sites/goals/1", "/api/v1/sites/goals/{goal_id}", "", 400},
		{"DELETE", "/api/v1/sites/goals/9" + site, "/api/v1/sites/goals/{goal_id}", "", 404},
		{"GET", "/api/v1/sites/custom-props", "", "", 400},
		{"GET", "/api/v1/sites/custom-props?site_id=nowhere.example", "", "", 404},
		{"PUT", "/api/v1/sites/custom-props", "", `{"site_id":"api.example","property":"a,b"}`, 400},
		{"PUT", "/api/v1/sites/custom-props", "", `{"site_id":"nowhere.example","property":"a"}`, 404},
		{"DELETE", "/api/v1/sites/custom-props/x", "/api/v1/sites/custom-props/{property}", "", 400},
		{"DELETE", "/api/v1/sites/custom-props/x" + site, "/api/v1/sites/custom-props/{property}", "", 404},
		{"PUT", "/api/v1/sites/shared-links", "", `{"site_id":"api.example","name":"WordPress"}`, 400},
		{"PUT", "/api/v1/sites/shared-links", "", `{"site_id":"nowhere.example","name":"x"}`, 404},
		{"POST", "/api/v2/funnels", "", `{"site_id":"api.example","name":"x"}`, 400},
		{"DELETE", "/api/v2/funnels/9" + site, "/api/v2/funnels/{funnel_id}", "", 404},
		{"POST", "/api/v2/funnels/query", "", `{"site_id":"api.example"}`, 400},
		{"POST", "/api/v2/funnels/query", "", `{"site_id":"api.example","funnel_id":9,"date_range":"day"}`, 404},
		{"POST", "/api/v2/funnels/query", "", long, 413},
		{"POST", "/api/v2/flows", "", `{"site_id":"api.example","page":"/"}`, 400},
		{"POST", "/api/v2/flows", "", long, 413},
		{"POST", "/api/v2/segments", "", `{"site_id":"api.example","name":"x"}`, 400},
		{"POST", "/api/v2/segments", "", long, 413},
		{"GET", "/api/v2/segments/9" + site, "/api/v2/segments/{segment_id}", "", 404},
		{"PUT", "/api/v2/segments/9", "/api/v2/segments/{segment_id}", `{"site_id":"api.example","name":"x","filters":[["is","event:page",["/"]]]}`, 404},
		{"PUT", "/api/v2/segments/9", "/api/v2/segments/{segment_id}", `nonsense`, 400},
		{"PUT", "/api/v2/segments/9", "/api/v2/segments/{segment_id}", long, 413},
		{"DELETE", "/api/v2/segments/9" + site, "/api/v2/segments/{segment_id}", "", 404},
		{"POST", "/api/v2/annotations", "", `{"site_id":"api.example","text":" "}`, 400},
		{"GET", "/api/v2/annotations" + site + "&from=soon", "/api/v2/annotations", "", 400},
		{"PUT", "/api/v2/annotations/9", "/api/v2/annotations/{annotation_id}", `{"site_id":"api.example","text":"x"}`, 404},
		{"PUT", "/api/v2/annotations/9", "/api/v2/annotations/{annotation_id}", `nonsense`, 400},
		{"DELETE", "/api/v2/annotations/9" + site, "/api/v2/annotations/{annotation_id}", "", 404},
		{"GET", "/api/v2/refusals" + site + "&days=31", "/api/v2/refusals", "", 400},
		{"POST", "/api/v2/refusals/allow", "", `{"site_id":"api.example","host":"no host"}`, 400},
		{"POST", "/api/v2/refusals/shield", "", `{"site_id":"api.example","ip":"x"}`, 400},
	}
}

// spelled is the path as the document has it.
func (c apiCall) spelled() string {
	if c.template != "" {
		return c.template
	}
	path, _, _ := strings.Cut(c.path, "?")
	return path
}

// TestTheDocumentSaysWhatTheServerDoes: every address and status of the document is
// asked for, and every answer is as the document says.
func TestTheDocumentSaysWhatTheServerDoes(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	h := d.home
	both := strings.TrimSpace(h.must("token", "add", "both", "--scope", "stats", "--scope", "sites"))
	doc := readDocument(t, d.server)
	for _, c := range goodCalls() {
		doc.check(d.server, both, c, c.status)
	}
	for _, c := range badCalls() {
		doc.check(d.server, both, c, c.status)
	}
	bound := strings.TrimSpace(h.must("token", "add", "bound", "--site", apiSite, "--scope", "sites"))
	doc.check(d.server, bound, apiCall{method: "POST", path: "/api/v1/sites", body: `{"domain":"doc.example"}`}, 403)
	for _, c := range goodCalls()[1:] {
		doc.check(d.server, "footfall_nothing", c, 401)
	}
	d.stop()

	limited := h.serve("--api-rate", "1")
	if r, err := limited.do("GET", "/api/v1/sites", nil, "Authorization", "Bearer "+both); err != nil || r.status != http.StatusOK {
		t.Fatalf("the first request: %d (%v)", r.status, err)
	}
	for _, c := range goodCalls()[1:] {
		if c.template == "/api/v1/sites/{site_id}" {
			c.path = "/api/v1/sites/" + apiSite
		}
		doc.check(limited, both, c, 429)
	}
	limited.stop()
	if len(doc.missing) > 0 {
		t.Errorf("documented, but not seen: %s", strings.Join(slices.Sorted(maps.Keys(doc.missing)), ", "))
	}
}

// TestTheDocumentKnowsWhereTheServerLies: under a base path the addresses begin with it.
func TestTheDocumentKnowsWhereTheServerLies(t *testing.T) {
	t.Parallel()
	h := install(t)
	s := h.serve("--state-dir", "none", "--base-path", "/stats")
	r, err := s.do("GET", "/api/openapi.json", nil)
	var doc struct{ Servers []struct{ URL string } }
	if err == nil {
		readJSON(t, r.body, &doc)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != "/stats" {
		t.Errorf("the document: %d (%v), servers %v, want /stats", r.status, err, doc.Servers)
	}
	s.stop()
}
