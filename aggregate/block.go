package aggregate

// ImportID numbers the imports of an installation. Live counters have id 0.
type ImportID uint32

// Live is the import id of what was counted live.
const Live ImportID = 0

// Span says what a block covers.
type Span uint8

const (
	OneDay   Span = 1 + iota // Key.Day
	OneMonth                 // the month that begins with Key.Day: links that lost their date
)

// Key names a block. A and B are None for the totals, B is None for the block of
// one dimension, and A < B for the links of two.
type Key struct {
	Site   Site
	Import ImportID
	Span   Span
	Day    Day
	A, B   Dimension
}

// Row is one counter row of a block. A and B index the block's dictionaries; B
// is 0 in blocks of one dimension.
type Row struct {
	A, B uint32
	Counts
}

// Block is a set of counter rows with the values they stand for. Values are
// sorted and unique, rows sorted by (A, B) and unique; no row is all zero.
//
// The block of totals has the values of TotalValues: the day and its hours.
type Block struct {
	Meta Meta
	A, B []string // dictionaries
	Rows []Row
}

// Meta is what a block says about itself.
type Meta struct {
	// Floor is k: no row of a day's links has fewer visitors. 1 in blocks that
	// the floor does not concern.
	Floor uint32
	// Cap is the number of values kept when the block was made, 0 if nothing was cut.
	Cap uint32
	// Closes counts how often the day was closed, in its block of totals. More
	// than once only where a clock jumped back over a closed day.
	Closes uint32
	// Lossy says that the memory of the day's visitors was lost on the way (a
	// power cut, say): totals go on, links and filtered answers miss a part, and
	// returning visitors were counted again. In the block of totals.
	Lossy bool
	// Linked says that the blocks of links exist up to this commit. In the block
	// of totals.
	Linked bool
}

// TotalDay is the value of the row that stands for the whole day in the block of
// totals; HourValue(h) is that of the local hour h.
const TotalDay = ""

// HourValue is "00" to "23".
func HourValue(hour int) string {
	return string([]byte{byte('0' + hour/10), byte('0' + hour%10)})
}

// Put is one block to write.
type Put struct {
	Key   Key
	Block *Block
	// Add adds the rows to the block that is stored under the key, if any.
	// Without it the stored block is replaced.
	Add bool
}

// Commit is what one transaction writes. Commits are numbered from 1, without
// gaps; a number never returns, so a memory state can name the commit it has
// seen.
type Commit struct {
	Number uint64
	Puts   []Put
}
