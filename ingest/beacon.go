package ingest

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"footfall/aggregate"
)

// Limits of a beacon.
const (
	MaxBody      = 64 << 10 // bytes of a body
	maxName      = 120      // characters of an event's name
	maxReferrer  = 2000     // bytes; the rest is cut off
	maxProps     = 30       // properties that are kept
	maxPropKey   = 300      // bytes
	maxPropValue = 2000     // bytes
	maxDomains   = 50       // sites of one beacon
	maxEngaged   = 30 * 24 * 3600 * 1000
	maxDepth     = 16 // nested lists and objects; nothing that is read lies deeper than 2
)

// ErrBody is returned for a body that cannot be read at all.
//
//lint:ignore ST1005 these are the answer's words
var ErrBody = errors.New("Unable to parse request body as json")

// Beacon is what a tracker sent, read and within the limits, but not judged.
type Beacon struct {
	Kind        aggregate.Kind
	Name        string
	Referrer    string
	Props       []aggregate.Prop
	Interactive bool
	HashMode    bool
	Scroll      int   // aggregate.NoScroll where not told
	Engaged     int64 // milliseconds

	// Currency is that of the amount which the event brought, blank where it brought
	// none; Amount is in millionths.
	Currency string
	Amount   int64

	// Waits says that the tracker sends nothing before somebody has seen the page: it is
	// the script (t), or one of Plausible's, which tell their version (v).
	Waits bool
	// Nothing says that an element was clicked, and that this is no event.
	Nothing bool

	page page
	tags tags
}

// Problem is one thing that is wrong with a beacon.
type Problem struct{ Field, Message string }

// key is a key of a beacon, by its meaning.
type key int

// The order of aliases is their precedence.
const (
	keyName key = iota
	keyNameLong
	keyURL
	keyURLLong
	keyDomain
	keyDomainLong
	keyReferrer
	keyReferrerLong
	keyProps
	keyPropsLong
	keyPropsM
	keyPropsMeta
	keyInteractive
	keyInteractiveLong
	keyHash
	keyHashLong
	keyScroll
	keyEngaged
	keyRevenue
	keyRevenueLong
	keyVersion
	keyTagged
	keyKinds
	keyLink
	keys
	unknownKey key = -1
)

func keyOf(text string) key {
	switch text {
	case "n":
		return keyName
	case "name":
		return keyNameLong
	case "u":
		return keyURL
	case "url":
		return keyURLLong
	case "d":
		return keyDomain
	case "domain":
		return keyDomainLong
	case "r":
		return keyReferrer
	case "referrer":
		return keyReferrerLong
	case "p":
		return keyProps
	case "props":
		return keyPropsLong
	case "m":
		return keyPropsM
	case "meta":
		return keyPropsMeta
	case "i":
		return keyInteractive
	case "interactive":
		return keyInteractiveLong
	case "h":
		return keyHash
	case "hashMode":
		return keyHashLong
	case "sd":
		return keyScroll
	case "e":
		return keyEngaged
	case "$":
		return keyRevenue
	case "revenue":
		return keyRevenueLong
	case "v":
		return keyVersion
	case "t":
		return keyTagged
	case "k":
		return keyKinds
	case "l":
		return keyLink
	}
	return unknownKey
}

// field is a value as it was sent, in JSON or in a form.
type field struct {
	kind   fieldKind
	text   string           // of texts and numbers
	object *fastjson.Object // of objects
}

type fieldKind uint8

const (
	absent fieldKind = iota // missing, or null
	textField
	numberField
	trueField
	falseField
	objectField
	listField
)

// fieldOf is the field that v stands for. Numbers keep their spelling.
func (s *scratch) fieldOf(v *fastjson.Value) field {
	switch v.Type() {
	case fastjson.TypeString:
		text, _ := v.StringBytes()
		return field{kind: textField, text: borrow(text)}
	case fastjson.TypeNumber:
		mark := len(s.b)
		s.b = v.MarshalTo(s.b)
		return field{kind: numberField, text: s.from(mark)}
	case fastjson.TypeTrue:
		return field{kind: trueField, text: "true"}
	case fastjson.TypeFalse:
		return field{kind: falseField, text: "false"}
	case fastjson.TypeObject:
		object, _ := v.Object()
		return field{kind: objectField, object: object}
	case fastjson.TypeArray:
		return field{kind: listField}
	}
	return field{}
}

// ReadJSON reads a body into t.Beacon. The error is ErrBody; what else is wrong
// stands in t.Problems.
func (t *Ticket) ReadJSON(body []byte) error {
	object, err := t.ParseObject(body)
	if err != nil {
		return err
	}
	t.ReadObject(object)
	return nil
}

// ParseObject parses a body that is one JSON object. It is valid until the next
// ParseObject of the same ticket. The error is ErrBody.
func (t *Ticket) ParseObject(body []byte) (*fastjson.Object, error) {
	t.Reset()
	if tooDeep(borrow(body)) {
		return nil, ErrBody
	}
	v, err := t.parser.ParseBytes(body)
	if err != nil || v.Type() != fastjson.TypeObject {
		return nil, ErrBody
	}
	object, _ := v.Object()
	return object, nil
}

// tooDeep spares the parser bodies that are nothing but brackets: its errors grow
// with every level.
func tooDeep(body string) bool {
	if strings.Count(body, "{")+strings.Count(body, "[") <= maxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// ReadObject is ReadJSON for a body that is parsed already.
func (t *Ticket) ReadObject(object *fastjson.Object) {
	object.Visit(func(name []byte, v *fastjson.Value) {
		k := keyOf(borrow(name))
		if k == unknownKey {
			return
		}
		t.fields[k] = t.text.fieldOf(v)
		switch k {
		case keyTagged:
			t.tagged.read(v)
		case keyKinds:
			t.clickable.read(v)
		}
	})
	t.read()
}

// ReadForm reads a form, or a query, into t.Beacon: the same keys, all values
// texts.
func (t *Ticket) ReadForm(form []byte) {
	t.Reset()
	t.form = true
	t.readForm(borrow(form))
	t.read()
}

func (t *Ticket) readForm(form string) {
	for form != "" {
		var pair string
		pair, form, _ = strings.Cut(form, "&")
		name, value, _ := strings.Cut(pair, "=")
		if k := keyOf(t.text.unescape(name, true)); k != unknownKey {
			t.fields[k] = field{kind: textField, text: t.text.unescape(value, true)}
		}
	}
}

// first is the first of some keys that was sent.
func (t *Ticket) first(names ...key) field {
	for _, k := range names {
		if t.fields[k].kind != absent {
			return t.fields[k]
		}
	}
	return field{}
}

func (t *Ticket) problem(field, message string) {
	t.Problems = append(t.Problems, Problem{field, message})
}

// ReadView makes t.Beacon a pageview, as a log line tells of it.
func (t *Ticket) ReadView(url, referrer string) { t.ReadEvent(aggregate.PageviewName, url, referrer) }

// read turns fields into the beacon and its problems.
func (t *Ticket) read() {
	t.Beacon = Beacon{Props: t.Beacon.Props[:0], Interactive: true, Scroll: aggregate.NoScroll}
	t.readURL(t.first(keyURL, keyURLLong))
	t.readDomain(t.first(keyDomain, keyDomainLong))
	name := t.first(keyName, keyNameLong)
	if t.isAboutElement() {
		if named := t.elementName(name); named.kind != absent {
			name = named
		} else {
			t.Beacon.Nothing = true
		}
	}
	t.readName(name)
	if r := t.first(keyReferrer, keyReferrerLong); r.kind == textField {
		t.Beacon.Referrer = cut(t.text.clean(r.text), maxReferrer)
	}
	if t.Beacon.Kind == aggregate.Custom {
		t.readRevenue(t.first(keyRevenue, keyRevenueLong)) // before the properties, which go on living in the inner parser
	}
	t.readTagged()
	t.readProps(t.first(keyProps, keyPropsLong, keyPropsM, keyPropsMeta))
	i := t.first(keyInteractive, keyInteractiveLong)
	t.Beacon.Interactive = i.kind != falseField && (!t.form || i.text != "false")
	h := t.first(keyHash, keyHashLong)
	isScript := t.fields[keyTagged].kind == listField
	t.Beacon.Waits = isScript || t.fields[keyVersion].kind != absent
	// The script leaves no fragment that is not part of the path.
	t.Beacon.HashMode = isScript || h.kind == trueField || h.text == "1" || h.text == "true"
	if t.Beacon.Kind == aggregate.Engagement {
		t.readEngagement()
	}
}

func (t *Ticket) readURL(u field) {
	problem := urlRequired
	if u.kind == textField {
		t.Beacon.page, problem = t.text.splitURL(u.text)
	}
	if problem != "" {
		t.problem("url", problem)
		return
	}
	t.Beacon.tags = t.text.readTags(t.Beacon.page.query)
}

func (t *Ticket) readDomain(d field) {
	switch {
	case d.kind == textField:
		t.splitDomains(t.text.clean(d.text))
	case d.kind == absent && t.Fallback != "":
		t.sites = append(t.sites, t.Fallback)
	case d.kind == absent && t.Beacon.page.host != "":
		t.sites = append(t.sites, aggregate.Site(t.Beacon.page.host))
	}
	if len(t.sites) == 0 {
		t.problem("domain", "can't be blank")
	} else if len(t.sites) > maxDomains {
		t.problem("domain", "should be at most 50 sites")
	}
}

// splitDomains takes the beacon's sites apart: no "www.", scheme or path, no site
// twice, and no more than one over the limit.
func (t *Ticket) splitDomains(domains string) {
	for part := range strings.SplitSeq(domains, ",") {
		part = strings.TrimSpace(part)
		if _, after, ok := strings.Cut(part, "://"); ok {
			part = after
		}
		part, _, _ = strings.Cut(part, "/")
		part = strings.TrimPrefix(strings.TrimSuffix(t.text.lower(part), "."), "www.")
		if site := aggregate.Site(part); part != "" && !slices.Contains(t.sites, site) {
			t.sites = append(t.sites, site)
		}
		if len(t.sites) > maxDomains {
			return
		}
	}
}

func (t *Ticket) readName(n field) {
	name := ""
	switch n.kind {
	case textField:
		name = strings.TrimSpace(t.text.clean(n.text))
	case numberField:
		if name = n.text; !isInteger(name) {
			t.problem("event_name", "is invalid")
			return
		}
	case absent:
	default:
		t.problem("event_name", "is invalid")
		return
	}
	switch {
	case name == "":
		t.problem("event_name", "can't be blank")
	case len(name) > maxName && utf8.RuneCountInString(name) > maxName:
		t.problem("event_name", "should be at most 120 character(s)")
	}
	t.Beacon.Name = name
	switch name {
	case aggregate.PageviewName:
		t.Beacon.Kind = aggregate.Pageview
	case aggregate.EngagementName:
		t.Beacon.Kind = aggregate.Engagement
	default:
		t.Beacon.Kind = aggregate.Custom
	}
}

func isInteger(text string) bool {
	text = strings.TrimPrefix(text, "-")
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != ""
}

// readEngagement reads the deepest scroll and the engaged time. A depth that
// makes no sense was not told; a time that makes none is 0.
func (t *Ticket) readEngagement() {
	if depth, ok := t.fields[keyScroll].number(); ok && depth >= 0 {
		t.Beacon.Scroll = int(min(depth, 100))
	}
	engaged := t.fields[keyEngaged]
	if ms, ok := engaged.number(); ok && ms > 0 && ms < maxEngaged {
		t.Beacon.Engaged = int64(ms)
	}
	if engaged.kind == absent && t.Beacon.Scroll == aggregate.NoScroll {
		t.problem("event_name", "engagement needs sd or e")
	}
}

// number is the field's number. ok is false where it has none.
func (f field) number() (n float64, ok bool) {
	if f.kind != numberField && f.kind != textField || len(f.text) > 32 {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(f.text), 64)
	return n, !math.IsNaN(n) && (err == nil || math.IsInf(n, 0))
}
