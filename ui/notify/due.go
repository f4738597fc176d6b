package notify

import (
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
)

// Times of reports and alerts.
const (
	reportHour   = 8                  // local time at which a report is sent
	reportWindow = 3 * 24 * time.Hour // after that it is old news, and left out
	spikeRest    = 12 * time.Hour     // between two spikes
	dropRest     = 24 * time.Hour     // between two drops
	dropSpan     = 12 * time.Hour     // of which a drop tells
)

// span is a stretch of whole days.
type span struct{ first, last aggregate.Day }

// before is the stretch that a report compares with: the week or the month before.
func (s span) before(kind team.NoticeKind) span {
	if kind == team.Monthly {
		return span{s.first.AddMonths(-1), s.first - 1}
	}
	return span{s.first - 7, s.first - 1}
}

// reported is the newest stretch of days that a report can be about, and whether
// its report may be sent at this moment.
func reported(kind team.NoticeKind, now time.Time, zone *time.Location) (s span, sendable bool) {
	today := aggregate.DayOf(now, zone)
	begun := today.Monday()
	s = span{begun - 7, begun - 1}
	if kind == team.Monthly {
		begun = today.Month()
		s = span{begun.AddMonths(-1), begun - 1}
	}
	y, m, d := begun.Civil()
	at := time.Date(y, m, d, reportHour, 0, 0, 0, zone)
	return s, !now.Before(at) && now.Before(at.Add(reportWindow))
}

// mark is how a notice remembers that a stretch was told.
func (s span) mark() int64 { return int64(s.first) }

// dueReport is the stretch that a report has to be sent about now.
func dueReport(n *team.Notice, now time.Time, zone *time.Location) (span, bool) {
	s, sendable := reported(n.Kind, now, zone)
	return s, sendable && n.Told < s.mark()
}

// rested reports whether an alert may look again. A drop waits until it has seen
// as much time as it tells of.
func rested(n *team.Notice, now time.Time) bool {
	rest := spikeRest
	if n.Kind == team.Drop {
		rest = dropRest
		if now.Sub(time.Unix(n.Since, 0)) < dropSpan {
			return false
		}
	}
	return n.Told == 0 || now.Sub(time.Unix(n.Told, 0)) >= rest
}

// Begin sets what a new notice has told already: a report begins with the stretch
// that is not over yet.
func Begin(n *team.Notice, now time.Time, zone *time.Location) {
	n.Since, n.Told = now.Unix(), 0
	if !n.Kind.Alert() {
		s, _ := reported(n.Kind, now, zone)
		n.Told = s.mark()
	}
}
