// Package archive is the form in which everything that is stored of a site leaves
// an installation and comes back into one: a JSON document that loses nothing.
//
// It owns the document's layout. It must never see a file: it writes to an
// io.Writer and reads from an io.Reader, a block at a time.
//
// # Layout
//
// Version 1 is one JSON object with these keys, in this order:
//
//	"format"    "footfall"
//	"version"   1
//	"site"      the domain
//	"settings"  the site's settings, but for the networks it shields, which are
//	            addresses and stay where they are
//	"goals"     what the owner has defined, with the numbers that values of the
//	"funnels"   dimensions goal and funnel_step name
//	"annotations"  what the team has noted about days
//	"segments"  filters that the team has saved for everybody
//	"imports"   a list of {"id", "format", "note"}; id 0 is what was counted live
//	"blocks"    a list of blocks, each on a line of its own, ordered by import,
//	            span, facts and day
//	"count"     the number of blocks: a document without it has lost its end
//
// A block is
//
//	"import"   one of the ids
//	"span"     "day", or "month" for links that lost their date
//	"day"      YYYY-MM-DD; of a month its first
//	"facts"    no dimension for totals, one, or two for links
//	"meta"     {"floor", "cap", "closes", "lossy", "linked"}, as aggregate.Meta
//	"values"   a value per row for each fact: [["Google","Bing"]], two lists for
//	           links; of totals "" is the day and "00" to "23" are its hours
//	"counts"   a list per column that is not all zero, as long as the values
//
// Values are as they are stored: parts of one value are joined by U+001F, and
// U+0001 stands for what a cap cut.
//
// The same data make the same bytes.
package archive
