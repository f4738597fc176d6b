package ui

import (
	"encoding/json"
	"html/template"
	"sync"

	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// A page speaks the language that its address names (?lang=de), else the one that
// the reader's browser asks for. Nothing is stored for it: the links of a page
// carry the choice on (see spoken).

// languageKey is the query parameter that names a language.
const languageKey = "lang"

// locale is the language of a request's answer.
func (u *UI) locale(ctx *fasthttp.RequestCtx) *words.Locale {
	return words.Negotiate(string(ctx.QueryArgs().Peek(languageKey)), string(ctx.Request.Header.Peek(fasthttp.HeaderAcceptLanguage)))
}

// spoken is the language that the request's address names, as an argument for
// further addresses ("lang=de"); blank where it names none.
func spoken(ctx *fasthttp.RequestCtx) string {
	if chosen := string(ctx.QueryArgs().Peek(languageKey)); chosen != "" {
		return languageKey + "=" + words.Negotiate(chosen, "").Tag()
	}
	return ""
}

// withArguments is an address with arguments added; blank ones are left out.
func withArguments(address string, arguments ...string) string {
	sign := "?"
	for _, argument := range arguments {
		if argument != "" {
			address += sign + argument
			sign = "&"
		}
	}
	return address
}

// languageLink is one language that a page can be read in.
type languageLink struct {
	Lang, Name, URL string
	Here            bool
}

// languageLinks lead to the same page in every language.
func languageLinks(ctx *fasthttp.RequestCtx, here *words.Locale) (all []languageLink) {
	var query fasthttp.Args
	ctx.QueryArgs().CopyTo(&query)
	for _, l := range words.Languages() {
		query.Set(languageKey, l.Tag)
		all = append(all, languageLink{Lang: l.Tag, Name: l.Name, URL: "?" + query.String(), Here: l.Tag == here.Language()})
	}
	return all
}

// pageFuncs are what templates need besides the words.
var pageFuncs = template.FuncMap{
	// json is a value for a script to read, in an attribute.
	"json": func(v any) (string, error) {
		text, err := json.Marshal(v)
		return string(text), err
	},
}

var parsed = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageFuncs).Funcs(words.For("en").Funcs()).ParseFS(templateFiles, "templates/*.html"))
})

// spokenTemplates are the templates by the language that they are bound to. There
// are as many as words has Locales.
var spokenTemplates sync.Map // *words.Locale -> *template.Template

// templates are the pages in a language: "say" and its like mean that one.
func templates(l *words.Locale) *template.Template {
	if t, ok := spokenTemplates.Load(l); ok {
		return t.(*template.Template)
	}
	t, _ := spokenTemplates.LoadOrStore(l, template.Must(parsed().Clone()).Funcs(l.Funcs()))
	return t.(*template.Template)
}
