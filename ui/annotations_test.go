package ui

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"footfall/aggregate"
)

// fakeNotes are annotations in memory.
type fakeNotes struct {
	all    map[aggregate.AnnotationID]aggregate.Annotation
	broken bool
}

func (n *fakeNotes) Annotations(_ aggregate.Site, first, last aggregate.Day) (all []aggregate.Annotation) {
	for id := aggregate.AnnotationID(1); int(id) <= len(n.all)+9; id++ {
		if a, ok := n.all[id]; ok && a.Day >= first && a.Day <= last {
			all = append(all, a)
		}
	}
	return all
}

func (n *fakeNotes) AddAnnotation(_ aggregate.Site, a aggregate.Annotation) (aggregate.Annotation, error) {
	if n.broken {
		return a, errors.New("/secret: disk full")
	}
	a.ID = aggregate.AnnotationID(len(n.all) + 1)
	n.all[a.ID] = a
	return a, nil
}

func (n *fakeNotes) ChangeAnnotation(_ aggregate.Site, a aggregate.Annotation) error {
	if _, ok := n.all[a.ID]; !ok {
		return fmt.Errorf("number %d: %w", a.ID, aggregate.ErrNoAnnotation)
	}
	n.all[a.ID] = a
	return nil
}

func (n *fakeNotes) RemoveAnnotation(_ aggregate.Site, id aggregate.AnnotationID) error {
	if _, ok := n.all[id]; !ok {
		return aggregate.ErrNoAnnotation
	}
	delete(n.all, id)
	return nil
}

func withNotes(n *fakeNotes) func(*Options) { return func(o *Options) { o.Annotations = n } }

func TestAnnotationsAreAddedChangedAndRemovedOnTheirPage(t *testing.T) {
	n := &fakeNotes{all: map[aggregate.AnnotationID]aggregate.Annotation{}}
	b := &browser{stand: serve(t, fullAsker(), withNotes(n))}
	const page = "/example.com/annotations"
	wantText(t, b.open(t, page), "Nothing is noted yet.", `value="2026-11-24"`)
	wantText(t, b.open(t, page+"?day=2026-11-03"), `value="2026-11-03"`)
	answer, _ := b.post(t, page, page+"?lang=de", "date", "2026-11-20", "text", " <script>alert(1)</script> ")
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != page+"?lang=de" {
		t.Errorf("the reader is sent to %q", answer.Header.Get("Location"))
	}
	body := b.open(t, page)
	wantText(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;", "Fri 20 Nov 2026")
	body = b.open(t, "/example.com")
	if wantText(t, body, "&lt;script&gt;alert(1)&lt;/script&gt;", `href="/example.com/annotations"`); strings.Contains(body, "<script>alert") {
		t.Error("an annotation became a script")
	}
	answer, _ = b.post(t, page, page, "id", "1", "date", "2026-11-21", "text", "Version 2")
	wantStatus(t, answer, 303)
	if got := n.all[1]; got.Text != "Version 2" || got.Day.String() != "2026-11-21" {
		t.Errorf("changed it is %v", got)
	}
	for fields, want := range map[[2]string]int{{"", "x"}: 400, {"2026-11-21", " "}: 400, {"2026-11-21", strings.Repeat("x", 201)}: 400} {
		answer, body := b.post(t, page, page, "date", fields[0], "text", fields[1])
		wantStatus(t, answer, want)
		wantText(t, body, "It needs a day, and a text of at most 200 characters.")
	}
	answer, _ = b.post(t, page, page, "id", "7", "date", "2026-11-21", "text", "x")
	wantStatus(t, answer, 404)
	answer, _ = b.post(t, page, page, "id", "1", "remove", "1")
	if wantStatus(t, answer, 303); len(n.all) != 0 {
		t.Error("it is not removed")
	}
	n.broken = true
	answer, body = b.post(t, page, page, "date", "2026-11-21", "text", "x")
	if wantStatus(t, answer, 500); strings.Contains(body, "/secret") {
		t.Error("the page tells the inner text of an error")
	}
	answer, _ = b.do(t, http.MethodPost, page, "date=2026-11-21&text=evil", "Content-Type: application/x-www-form-urlencoded")
	wantStatus(t, answer, 403)
	_, body = b.get(t, page, away, "Authorization: Bearer one")
	if strings.Contains(body, `name="text"`) {
		t.Error("a viewer has the form")
	}
}
