package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/api"
	"footfall/ui/view"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// segmentsPath is the name of the page of saved filters below a site's own.
const segmentsPath = "segments"

// segmentsView is the page of a site's saved filters, ready to be printed.
type segmentsView struct {
	Site         aggregate.Site
	Back, Action string
	Token        string // "" = the reader may save none
	Shared, Own  bool   // the reader may save for the site, for themselves
	Now          string // the filters that would be saved, in words; "" = there are none
	Segments     []segmentRow
	Why          string // what was wrong with what was sent
	Name         string // of the form, as it was sent
}

// segmentRow is one saved filter in a list.
type segmentRow struct {
	ID   aggregate.SegmentID
	Name string
	Text string // its filters in words; "" = a page cannot say them
	URL  string // of the figures under it; "" = a page cannot ask them
	Mine bool   // nobody else sees it
	May  bool   // the reader may rename and remove it
}

// saved is a segment as one reader meets it.
type saved struct {
	aggregate.Segment
	filters []view.Filter // what a page asks; nil: it cannot
}

// savedFor are a site's segments that somebody sees: everybody's, and their own.
func (u *UI) savedFor(who reader, site aggregate.Site) (all []saved) {
	if u.segments == nil {
		return nil
	}
	for _, s := range u.segments.Segments(site) {
		if s.Account != 0 && s.Account != who.session.Member.ID {
			continue
		}
		one := saved{Segment: s}
		if asked, err := api.ReadFilters(s.Filters); err == nil {
			one.filters, _ = view.Unspell(asked)
		}
		all = append(all, one)
	}
	return all
}

// maySave reports for whom a reader may save filters: for everybody who sees the
// site, for themselves.
func (u *UI) maySave(who reader, site aggregate.Site) (shared, own bool) {
	return u.segments != nil && who.may(site, team.Work), u.segments != nil && who.signed() && who.may(site, team.See)
}

// savedControls puts the segments into the menu of filters, and names what is shown
// after the one that it is.
func (s *scene) savedControls(c *controls) {
	for _, one := range s.saved {
		if one.filters == nil {
			continue
		}
		to := s.v.Whole()
		to.Filters = one.filters
		here := reflect.DeepEqual(one.filters, s.v.Filters)
		if here && c.Named == "" {
			c.Named = one.Name
		}
		c.Saved = append(c.Saved, choice{Name: one.Name, URL: s.url(to), Here: here})
	}
	address := s.u.sitePath(s.site) + "/" + segmentsPath
	if s.saves && len(s.v.Filters) > 0 && c.Named == "" {
		c.Save = address + s.v.Whole().Query()
	}
	if s.shares && len(s.v.Filters) > 0 {
		c.Share = s.u.sitePath(s.site) + "/" + sharingPath + (&view.View{Period: view.DefaultPeriod, Filters: s.v.Filters, Kept: s.v.Kept}).Query()
	}
	if len(s.saved) > 0 {
		c.Manage = address + (&view.View{Period: view.DefaultPeriod, Kept: s.v.Kept}).Query()
	}
}

// savedKey tells pages apart on which the segments differ, or what may be done with
// filters.
func savedKey(all []saved, saves, shares bool) string {
	text, err := json.Marshal(all)
	if err != nil {
		panic("BUG: segments that are no JSON: " + err.Error())
	}
	return fmt.Sprint(string(text), saves, shares)
}

// filterWords are filters for people, in one line.
func filterWords(l *words.Locale, filters []view.Filter) string {
	s, all := scene{l: l}, make([]string, len(filters))
	for i, f := range filters {
		all[i] = s.chip(f).Name
	}
	return strings.Join(all, " · ")
}

// showSegments is GET /{site}/segments. The filters in its address are those to save.
func (u *UI) showSegments(c *caller) { u.segmentsPage(c, fasthttp.StatusOK, "", "") }

func (u *UI) segmentsPage(c *caller, status int, why, name string) {
	if u.segments == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	l := u.locale(c.RequestCtx)
	now, _ := view.Parse(string(c.URI().QueryString()))
	v := &segmentsView{Site: c.site, Back: u.sitePath(c.site) + now.Query(), Action: u.sitePath(c.site) + "/" + segmentsPath + now.Query(),
		Now: filterWords(l, now.Filters), Name: name}
	if v.Shared, v.Own = u.maySave(c.who, c.site); v.Shared || v.Own {
		v.Token = u.formToken(c)
	}
	if why != "" {
		v.Why = l.Say(why)
	}
	for _, one := range u.savedFor(c.who, c.site) {
		row := segmentRow{ID: one.ID, Name: one.Name, Mine: one.Account != 0, May: one.Account != 0 && v.Own || one.Account == 0 && v.Shared}
		if one.filters != nil {
			to := now.Whole()
			to.Filters = one.filters
			row.Text, row.URL = filterWords(l, one.filters), u.sitePath(c.site)+to.Query()
		}
		v.Segments = append(v.Segments, row)
	}
	u.sheet(c, status, "segments", l.Say("segments.title")+" · "+string(c.site), v)
}

// changeSegments is POST /{site}/segments: saves the filters of the address, or
// renames or removes the segment that the form names.
func (u *UI) changeSegments(c *caller) {
	if u.segments == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	args := c.PostArgs()
	name := string(args.Peek("name"))
	now, _ := view.Parse(string(c.URI().QueryString()))
	next := u.sitePath(c.site) + now.Query()
	var err error
	if args.Has("id") {
		next = u.sitePath(c.site) + "/" + segmentsPath + now.Query()
		err = u.editSegment(c, string(args.Peek("id")), name, args.Has("remove"))
	} else {
		err = u.addSegment(c, now, name, string(args.Peek("whose")) != "site")
	}
	switch {
	case err == nil:
		u.redirect(c.RequestCtx, next)
	case errors.Is(err, errNotYours):
		u.door(c, fasthttp.StatusForbidden, "door.closed.text")
	case errors.Is(err, aggregate.ErrNoSegment):
		u.segmentsPage(c, fasthttp.StatusNotFound, "segments.gone", "")
	case errors.Is(err, errUnsaid):
		u.segmentsPage(c, fasthttp.StatusBadRequest, "segments.unsaid", name)
	case errors.Is(err, aggregate.ErrSegment):
		u.segmentsPage(c, fasthttp.StatusBadRequest, "segments.wrong", name)
	default:
		u.broken(c, err)
	}
}

var (
	errNotYours = errors.New("the reader may not do this with a segment")
	// errUnsaid is for filters that cannot be saved.
	errUnsaid = errors.New("filters that the stats API has no words for")
)

func (u *UI) addSegment(c *caller, now *view.View, name string, mine bool) error {
	shared, own := u.maySave(c.who, c.site)
	s := aggregate.Segment{Name: name}
	if mine {
		s.Account = c.who.session.Member.ID
	}
	var said bool
	switch s.Filters, said = view.Spell(now.Filters); {
	case mine && !own || !mine && !shared:
		return errNotYours
	case !said || len(now.Unread) > 0: // one that asked something else would be worse than none
		return errUnsaid
	}
	err := s.Clean()
	if err == nil {
		s, err = u.segments.AddSegment(c.site, s)
	}
	return u.noteSegment(c, &s, "segment.add", err)
}

// editSegment renames or removes a segment that the reader sees.
func (u *UI) editSegment(c *caller, id, name string, remove bool) error {
	shared, own := u.maySave(c.who, c.site)
	for _, one := range u.savedFor(c.who, c.site) {
		s := one.Segment
		switch {
		case s.ID.String() != id:
			continue
		case s.Account != 0 && !own || s.Account == 0 && !shared:
			return errNotYours
		case remove:
			return u.noteSegment(c, &s, "segment.end", u.segments.RemoveSegment(c.site, s.ID))
		}
		s.Name = name
		err := s.Clean()
		if err == nil {
			err = u.segments.ChangeSegment(c.site, s)
		}
		return u.noteSegment(c, &s, "segment.change", err)
	}
	if !shared && !own {
		return errNotYours
	}
	return aggregate.ErrNoSegment
}

// noteSegment writes a change of everybody's segments into the activity log; what
// people save for themselves is nobody's business.
func (u *UI) noteSegment(c *caller, s *aggregate.Segment, what string, err error) error {
	if err != nil || s.Account != 0 {
		return err
	}
	return u.note(c, c.site, what, s.Name)
}
