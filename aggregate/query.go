package aggregate

import "time"

// Metric is a figure that a query asks for, by its name in the stats API.
type Metric string

const (
	MetricVisitors        Metric = "visitors"
	MetricVisits          Metric = "visits"
	MetricPageviews       Metric = "pageviews"
	MetricEvents          Metric = "events"
	MetricViewsPerVisit   Metric = "views_per_visit" // pageviews per visit started
	MetricBounceRate      Metric = "bounce_rate"     // percent of visits started
	MetricVisitDuration   Metric = "visit_duration"  // mean seconds per visit started
	MetricTimeOnPage      Metric = "time_on_page"    // mean engaged seconds per visit with engagement
	MetricScrollDepth     Metric = "scroll_depth"    // mean of each visit's deepest scroll, percent
	MetricPercentage      Metric = "percentage"      // of the visitors without dimensions
	MetricConversionRate  Metric = "conversion_rate"
	MetricGroupConversion Metric = "group_conversion_rate"
	MetricExitRate        Metric = "exit_rate" // exits per pageview of the page, percent
	MetricTotalRevenue    Metric = "total_revenue"
	MetricAverageRevenue  Metric = "average_revenue"
)

// Field is a dimension as a query names it.
type Field struct {
	Name      string    // "visit:city_name", "event:props:plan", "time:day"
	Dimension Dimension // None for time
	Key       string    // Property: the key
	Spelled   bool      // country_name, region_name, city_name: the name, not the code
	Time      TimeGrain // for time fields
}

// TimeGrain is the bucket of a time dimension.
type TimeGrain uint8

const (
	NoTime TimeGrain = iota
	Minute           // only within the last 30 minutes
	Hour
	DayGrain
	Week
	MonthGrain
)

// FilterOp is a comparison, by its name in the stats API. Negations are made of
// a FilterNot around the positive one.
type FilterOp uint8

const (
	FilterIs FilterOp = iota
	FilterContains
	FilterMatches // RE2
	FilterAnd
	FilterOr
	FilterNot
)

// Filter is a condition as a query states it.
type Filter struct {
	Op       FilterOp
	Args     []Filter // And, Or, Not
	Field    Field
	Values   []string
	FoldCase bool // compare without regard to case
}

// Range is a stretch of time in a site's zone. Whole days have Days set and are
// [First, Last]; others are the instants [From, To).
type Range struct {
	Days        bool
	First, Last Day
	From, To    time.Time
	Realtime    bool // the last 30 minutes
}

// Order sorts rows by a metric or by a field.
type Order struct {
	Metric     Metric // or
	Field      string // a Field.Name
	Descending bool
}

// Query is a question about one site.
type Query struct {
	Site    Site
	Metrics []Metric
	Range   Range
	Fields  []Field
	Filters []Filter // all must hold
	Orders  []Order
	Limit   int // 0 = no limit
	Offset  int
	// NoImports leaves out what was imported.
	NoImports bool
}

// Report is the answer to a Query.
type Report struct {
	Rows      []ReportRow
	TotalRows int // before Limit and Offset
	// Grain is that of the time field: of plain "time" the one that was chosen.
	Grain TimeGrain
	// TimeLabels are the labels of all buckets of the range, with a time field.
	TimeLabels []string
	// Warnings say which metrics are not exact, and why.
	Warnings map[Metric]Warning
	// Hidden says what the floor or a cap withheld from the rows; nil if nothing.
	Hidden *HiddenRows
	// Lossy are days of the range whose answer misses a part after a loss of the
	// memory state.
	Lossy []Day
}

// ReportRow is one row: a label for each Field, a value for each Metric.
type ReportRow struct {
	Labels []string
	Values []Value
}

// Value is a figure, or nothing: a mean of nothing, or what counters cannot know.
type Value struct {
	Number float64
	Null   bool
	// UpperBound marks a number of visitors that may count some twice.
	UpperBound bool
	// Below is what the number is less than, where no more is told (Null); 0 = no bound.
	Below float64
}

// Warning is a code for programs and a sentence for people.
type Warning struct {
	Code    string `json:"code"`
	Warning string `json:"warning"`
}

// HiddenRows says what the rows of a report do not show.
type HiddenRows struct {
	Floor     int   `json:"floor"`     // the floor that withheld links, 0 if none did
	Pageviews int64 `json:"pageviews"` // exact remainder: total minus the rows shown
	Events    int64 `json:"events"`
	Visits    int64 `json:"visits"`
	Capped    bool  `json:"capped"` // a cap cut values; they are in the row (other)
	// Reason is a sentence for people.
	Reason string `json:"reason"`
}
