package aggregate

// Column names one number of Counts. The values are part of the block format:
// never renumber, only append.
type Column int

// All columns are sums, so that rows of different days can be added. "In the
// bucket" means: in the day, hour or value that the row stands for.
const (
	Visitors  Column = iota // distinct visitors active in the bucket
	Visits                  // visits active in the bucket (a pageview or a custom event)
	Pageviews               // pageviews that happened in the bucket
	Events                  // pageviews and custom events that happened in the bucket

	Starts     // visits that started in the bucket: the denominator of the next three
	Bounces    // of these, visits with one pageview and no interactive custom event
	Duration   // of these, milliseconds from the first event to the last that is not an engagement
	StartViews // of these, all their pageviews, wherever they happened

	Engaged       // engaged milliseconds that happened in the bucket
	EngagedVisits // visits with an engaged time in the bucket
	Scroll        // sum of each visit's deepest scroll in the bucket, percent
	ScrollVisits  // visits with a scroll depth in the bucket

	// What a visit across midnight (for hour rows: across the hour) had already
	// given the same bucket before. A range subtracts these for all its buckets
	// but the first, and so counts each crossing visit once.
	CarriedVisitors
	CarriedVisits
	CarriedEngagedVisits
	CarriedScroll // the smaller of the two depths
	CarriedScrollVisits

	Revenue // amounts of the events in the bucket, in Money of the site's currency
	Paid    // events in the bucket that brought an amount

	Columns int = iota
)

var columnNames = [Columns]string{
	Visitors:             "visitors",
	Visits:               "visits",
	Pageviews:            "pageviews",
	Events:               "events",
	Starts:               "starts",
	Bounces:              "bounces",
	Duration:             "duration",
	StartViews:           "start_views",
	Engaged:              "engaged",
	EngagedVisits:        "engaged_visits",
	Scroll:               "scroll",
	ScrollVisits:         "scroll_visits",
	CarriedVisitors:      "carried_visitors",
	CarriedVisits:        "carried_visits",
	CarriedEngagedVisits: "carried_engaged_visits",
	CarriedScroll:        "carried_scroll",
	CarriedScrollVisits:  "carried_scroll_visits",
	Revenue:              "revenue",
	Paid:                 "paid_events",
}

// String is the column's name, as in "start_views".
func (c Column) String() string {
	if c >= 0 && int(c) < Columns {
		return columnNames[c]
	}
	return "unknown"
}

// ParseColumn finds a column by its name.
func ParseColumn(name string) (Column, bool) {
	for c, n := range columnNames {
		if n == name {
			return Column(c), true
		}
	}
	return 0, false
}

// Counts is one row of counters, indexed by Column.
type Counts [Columns]int64

// Add adds o to c.
func (c *Counts) Add(o *Counts) {
	for i := range c {
		c[i] += o[i]
	}
}

// Sub subtracts o from c.
func (c *Counts) Sub(o *Counts) {
	for i := range c {
		c[i] -= o[i]
	}
}

// Zero reports whether nothing was counted.
func (c *Counts) Zero() bool { return *c == Counts{} }

// Uncarry subtracts the carried columns, which turns the row of a later day into
// what it adds to a range that already holds the day before, and clears them.
func (c *Counts) Uncarry() {
	c[Visitors] -= c[CarriedVisitors]
	c[Visits] -= c[CarriedVisits]
	c[EngagedVisits] -= c[CarriedEngagedVisits]
	c[Scroll] -= c[CarriedScroll]
	c[ScrollVisits] -= c[CarriedScrollVisits]
	c.DropCarried()
}

// DropCarried clears the carried columns: the row of a range's first day.
func (c *Counts) DropCarried() {
	for i := CarriedVisitors; i <= CarriedScrollVisits; i++ {
		c[i] = 0
	}
}
