package ui

import (
	"cmp"
	"errors"
	"slices"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// notesPath is the name of the annotations' page below a site's own.
const notesPath = "annotations"

// notesView is the page of a site's annotations, ready to be printed.
type notesView struct {
	Site         aggregate.Site
	Back, Action string
	Token        string // "" = the reader may not change any
	Notes        []noteRow
	Today        string
	Why          string // what was wrong with what was sent
	Date, Text   string // of the form, as they were sent
}

// noteRow is one annotation in a list.
type noteRow struct {
	ID   aggregate.AnnotationID
	Name string // its day as people write it
	Date string // and as a form does
	Text string
}

// everyDay is every day that an annotation can be about.
var everyDay = [2]aggregate.Day{aggregate.Date(1900, 1, 1), aggregate.Date(9999, 1, 1)}

func noteRows(l *words.Locale, all []aggregate.Annotation) (rows []noteRow) {
	for _, a := range all {
		rows = append(rows, noteRow{ID: a.ID, Name: l.Date(words.Weekday, a.Day), Date: a.Day.String(), Text: a.Text})
	}
	slices.SortStableFunc(rows, func(a, b noteRow) int { return cmp.Compare(b.Date, a.Date) })
	return rows
}

// showNotes is GET /{site}/annotations.
func (u *UI) showNotes(c *caller) { u.notes(c, fasthttp.StatusOK, &notesView{}) }

// notes prints the page; v says what to fill the form with.
func (u *UI) notes(c *caller, status int, v *notesView) {
	if u.annotations == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	l, said := u.locale(c.RequestCtx), spoken(c.RequestCtx)
	v.Site, v.Back = c.site, withArguments(u.sitePath(c.site), said)
	v.Action = u.sitePath(c.site) + "/" + notesPath
	v.Today = aggregate.DayOf(u.clock(), c.settings.Location()).String()
	v.Date = cmp.Or(v.Date, string(c.QueryArgs().Peek("day")), v.Today)
	v.Notes = noteRows(l, u.annotations.Annotations(c.site, everyDay[0], everyDay[1]))
	if c.who.may(c.site, team.Work) {
		v.Token = u.formToken(c)
	}
	u.sheet(c, status, "notes", l.Say("notes.title")+" · "+string(c.site), v)
}

// changeNotes is POST /{site}/annotations: adds an annotation, or changes or
// removes the one that the form names.
func (u *UI) changeNotes(c *caller) {
	if u.annotations == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	args := c.PostArgs()
	date, text := string(args.Peek("date")), string(args.Peek("text"))
	id := aggregate.ParseAnnotationID(string(args.Peek("id")))
	var err error
	if args.Has("remove") {
		err = u.annotations.RemoveAnnotation(c.site, id)
	} else {
		err = u.keepNote(c.site, id, date, text)
	}
	l := u.locale(c.RequestCtx)
	switch {
	case err == nil:
		u.redirect(c.RequestCtx, withArguments(u.sitePath(c.site)+"/"+notesPath, spoken(c.RequestCtx)))
	case errors.Is(err, aggregate.ErrNoAnnotation):
		u.notes(c, fasthttp.StatusNotFound, &notesView{Why: l.Say("notes.gone")})
	case errors.Is(err, aggregate.ErrAnnotation):
		u.notes(c, fasthttp.StatusBadRequest, &notesView{Why: l.Say("notes.wrong"), Date: date, Text: text})
	default:
		u.log.Error("an annotation could not be changed", "site", string(c.site), "err", err)
		u.sayMessage(c.RequestCtx, fasthttp.StatusInternalServerError, "message.broken", "message.broken.changed")
	}
}

// keepNote adds an annotation, or changes the one with the id.
func (u *UI) keepNote(site aggregate.Site, id aggregate.AnnotationID, date, text string) error {
	day, err := aggregate.ParseDay(date)
	if err != nil {
		return aggregate.ErrAnnotation
	}
	a := aggregate.Annotation{ID: id, Day: day, Text: text}
	if err := a.Clean(); err != nil {
		return err
	}
	if id == 0 {
		_, err = u.annotations.AddAnnotation(site, a)
		return err
	}
	return u.annotations.ChangeAnnotation(site, a)
}
