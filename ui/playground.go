package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"footfall/aggregate"
	"footfall/ui/api"

	"github.com/valyala/fasthttp"
)

// playgroundPath is the name of the page below a site's own on which questions to
// the stats API are tried.
const playgroundPath = "playground"

// playgroundView is the page, ready to be printed. It works without its script.
type playgroundView struct {
	Site       aggregate.Site
	Base, Back string
	Action     string
	Token      string // of the form
	Query      string
	Examples   []playgroundExample
	Answer     string // indented; blank where nothing was asked
	Status     string // of the answer, such as "400 Bad Request"
	Wrong      bool
	Curl       string // the same question on a command line
	Addresses  []api.Address
	Document   string
	Script     string
}

// playgroundExample is a question that the page offers.
type playgroundExample struct{ Key, URL string }

// playgroundQueries are the questions that are offered, by their keys.
var playgroundQueries = []struct{ key, rest string }{
	{"totals", `"metrics": ["visitors", "visits", "pageviews", "bounce_rate", "visit_duration"],
  "date_range": "28d"`},
	{"trend", `"metrics": ["visitors"],
  "date_range": "7d",
  "dimensions": ["time:day"],
  "include": {
    "time_labels": true,
    "comparisons": {"mode": "previous_period"}
  }`},
	{"pages", `"metrics": ["visitors", "pageviews"],
  "date_range": "month",
  "dimensions": ["event:page"],
  "pagination": {"limit": 10}`},
	{"filter", `"metrics": ["visitors"],
  "date_range": "28d",
  "dimensions": ["visit:source"],
  "filters": [["is", "visit:device", ["Mobile"]]]`},
	{"now", `"metrics": ["visitors"],
  "date_range": "realtime",
  "dimensions": ["event:page"]`},
}

// showPlayground is GET /{site}/playground.
func (u *UI) showPlayground(c *caller) {
	v := u.playground(c)
	wanted := string(c.QueryArgs().Peek("example"))
	for i, q := range playgroundQueries {
		if i == 0 || q.key == wanted {
			v.Query = fmt.Sprintf("{\n  \"site_id\": %q,\n  %s\n}", c.site, q.rest)
		}
	}
	u.sendPlayground(c, v)
}

// askPlayground is POST /{site}/playground: the question is answered on the page.
func (u *UI) askPlayground(c *caller) {
	v := u.playground(c)
	v.Query = strings.ReplaceAll(string(c.PostArgs().Peek("query")), "\r\n", "\n")
	if u.query == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	status, answer := u.query(c.site, []byte(v.Query))
	v.Answer, v.Wrong = readable(answer), status != fasthttp.StatusOK
	v.Status = fmt.Sprint(status, " ", http.StatusText(status))
	u.sendPlayground(c, v)
}

// flatList is a list in indented JSON that holds neither lists nor objects. A text
// never holds a line break.
var flatList = regexp.MustCompile(`\[\n\s*([^\[\]{}]*?)\n\s*\]`)

var betweenMembers = regexp.MustCompile(`,\n\s*`)

// readable indents JSON, flat lists on one line each.
func readable(text []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "  ") != nil {
		return string(text)
	}
	return flatList.ReplaceAllStringFunc(out.String(), func(list string) string {
		return "[" + betweenMembers.ReplaceAllString(strings.TrimSpace(list[1:len(list)-1]), ", ") + "]"
	})
}

func (u *UI) playground(c *caller) *playgroundView {
	said := spoken(c.RequestCtx)
	base := u.sitePath(c.site)
	v := &playgroundView{Site: c.site, Base: u.base, Back: withArguments(base, said), Action: withArguments(base+"/"+playgroundPath, said),
		Token: u.formToken(c), Addresses: api.Addresses(), Document: u.base + "/api/openapi.json", Script: u.assetURL("playground.js")}
	for _, q := range playgroundQueries {
		var example fasthttp.Args
		example.Set("example", q.key)
		v.Examples = append(v.Examples, playgroundExample{q.key, withArguments(base+"/"+playgroundPath, said, example.String())})
	}
	return v
}

func (u *UI) sendPlayground(c *caller, v *playgroundView) {
	question := v.Query
	var short bytes.Buffer
	if json.Compact(&short, []byte(question)) == nil {
		question = short.String()
	}
	v.Curl = "curl " + u.origin(c.RequestCtx) + "/api/v2/query \\\n  -H 'Authorization: Bearer TOKEN' \\\n  -d '" + strings.ReplaceAll(question, "'", `'\''`) + "'"
	u.sheet(c, fasthttp.StatusOK, "playground", u.locale(c.RequestCtx).Say("play.title", "site", c.site), v)
}
