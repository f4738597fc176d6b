package notify

import (
	"testing"
	"time"

	"footfall/aggregate/team"
)

func at(t *testing.T, zone, when string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	then, err := time.ParseInLocation("2006-01-02 15:04", when, loc)
	if err != nil {
		t.Fatal(err)
	}
	return then
}

func TestReportsAreDueOnceInTheMorningAfterTheirTime(t *testing.T) {
	const zone = "Europe/Berlin" // the clock changes on Sunday, 2026-03-29
	for _, c := range []struct {
		kind team.NoticeKind
		now  string
		due  bool
		want string // first and last day
	}{
		{team.Weekly, "2026-03-30 07:59", false, "2026-03-23 2026-03-29"},
		{team.Weekly, "2026-03-30 08:00", true, "2026-03-23 2026-03-29"},
		{team.Weekly, "2026-04-02 07:59", true, "2026-03-23 2026-03-29"},
		{team.Weekly, "2026-04-02 08:00", false, "2026-03-23 2026-03-29"},
		{team.Weekly, "2026-04-05 23:59", false, "2026-03-23 2026-03-29"},
		{team.Monthly, "2026-03-01 07:59", false, "2026-02-01 2026-02-28"},
		{team.Monthly, "2026-03-01 08:00", true, "2026-02-01 2026-02-28"},
		{team.Monthly, "2026-03-31 23:59", false, "2026-02-01 2026-02-28"},
		{team.Monthly, "2026-01-02 12:00", true, "2025-12-01 2025-12-31"},
	} {
		now := at(t, zone, c.now)
		n := &team.Notice{Kind: c.kind}
		s, due := dueReport(n, now, now.Location())
		got := s.first.String() + " " + s.last.String()
		if due != c.due || got != c.want {
			t.Errorf("%s at %s: due %v about %s, want %v about %s", c.kind, c.now, due, got, c.due, c.want)
		}
		n.Told = s.mark()
		if _, again := dueReport(n, now, now.Location()); again {
			t.Errorf("%s at %s is due again after it was told", c.kind, c.now)
		}
	}
}

func TestAReportComparesWithTheStretchBefore(t *testing.T) {
	for kind, want := range map[team.NoticeKind]string{team.Weekly: "2026-02-16 2026-02-22", team.Monthly: "2026-01-01 2026-01-31"} {
		now := at(t, "UTC", "2026-03-02 09:00")
		s, _ := reported(kind, now, time.UTC)
		b := s.before(kind)
		if got := b.first.String() + " " + b.last.String(); got != want {
			t.Errorf("%s of %v: compared with %s, want %s", kind, s, got, want)
		}
	}
}

func TestANewReportBeginsWithWhatIsNotOverYet(t *testing.T) {
	now := at(t, "UTC", "2026-03-02 09:00") // a Monday: last week's would be due
	n := &team.Notice{Kind: team.Weekly}
	Begin(n, now, time.UTC)
	if _, due := dueReport(n, now, time.UTC); due {
		t.Error("a notice made on Monday morning tells of the week before it was made")
	}
	if s, due := dueReport(n, now.AddDate(0, 0, 7), time.UTC); !due || s.first.String() != "2026-03-02" {
		t.Errorf("a week later it is due %v, about %v", due, s)
	}
}

func TestAlertsRestAfterTheyWereTold(t *testing.T) {
	now := at(t, "UTC", "2026-03-02 09:00")
	for _, c := range []struct {
		kind        team.NoticeKind
		made, since time.Duration // ago; since 0 = never told
		want        bool
	}{
		{team.Spike, 0, 0, true},
		{team.Spike, 48 * time.Hour, 11 * time.Hour, false},
		{team.Spike, 48 * time.Hour, 12 * time.Hour, true},
		{team.Drop, 11 * time.Hour, 0, false}, // has not seen the time that it tells of
		{team.Drop, 12 * time.Hour, 0, true},
		{team.Drop, 90 * time.Hour, 23 * time.Hour, false},
		{team.Drop, 90 * time.Hour, 24 * time.Hour, true},
	} {
		n := &team.Notice{Kind: c.kind, Since: now.Add(-c.made).Unix()}
		if c.since > 0 {
			n.Told = now.Add(-c.since).Unix()
		}
		if got := rested(n, now); got != c.want {
			t.Errorf("%s made %v ago, told %v ago: looks again %v, want %v", c.kind, c.made, c.since, got, c.want)
		}
	}
}
