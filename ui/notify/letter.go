package notify

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed letter.html
var letterFiles embed.FS

// letterTemplate is the mail as HTML. Mail programs know neither style sheets nor
// grids, so that it is made of tables with attributes; it asks for no picture, so
// that nobody learns when it is read.
var letterTemplate = template.Must(template.New("letter.html").Funcs(template.FuncMap{
	"colour": func(better int) string {
		switch better {
		case 1:
			return "#1a7f4e"
		case -1:
			return "#b3372b"
		}
		return "#6b6f76"
	},
}).ParseFS(letterFiles, "letter.html"))

// HTML is the news as the HTML part of a mail.
func (n *News) HTML() (string, error) {
	var b bytes.Buffer
	err := letterTemplate.Execute(&b, map[string]any{"News": n, "Lang": n.locale.Tag(), "Dir": n.locale.Dir(),
		"Open": n.locale.Say("notify.open"), "Foot": n.locale.Say("notify.foot"), "Visitors": n.locale.Say("metric.visitors")})
	return b.String(), err
}

// Text is the news in plain text: the other part of a mail, and what chats get.
func (n *News) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", n.Title, n.Lead)
	if len(n.Figures) > 0 {
		b.WriteString("\n")
	}
	for _, f := range n.Figures {
		fmt.Fprintf(&b, "%s: %s", f.Name, f.Value)
		if f.Change != "" {
			fmt.Fprintf(&b, " (%s)", f.Change)
		}
		b.WriteString("\n")
	}
	for _, t := range n.Tables {
		fmt.Fprintf(&b, "\n%s\n", t.Name)
		for _, r := range t.Rows {
			fmt.Fprintf(&b, "  %s  %s\n", r.Value, r.Label)
		}
	}
	if n.Link != "" {
		fmt.Fprintf(&b, "\n%s\n", n.Link)
	}
	return b.String()
}
