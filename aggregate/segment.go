package aggregate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of saved filters.
const (
	MaxSegments       = 200 // of a site, and of one person on a site
	maxSegmentName    = 120 // characters
	maxSegmentFilters = 16 << 10
)

// ErrSegment is returned for a segment that makes no sense; its text says what would.
var ErrSegment = errors.New("segment")

// ErrNoSegment is returned for the id of a segment that does not exist.
var ErrNoSegment = errors.New("there is no such segment")

// SegmentID names a segment of an installation for ever: numbers never return.
type SegmentID uint32

// String is the id as a filter names it.
func (id SegmentID) String() string { return strconv.FormatUint(uint64(id), 10) }

// Segment is a filter that was saved under a name.
type Segment struct {
	ID   SegmentID `json:"id,omitempty"`
	Name string    `json:"name"`
	// Account is whose alone it is; 0 = everybody's who sees the site.
	Account uint32 `json:"account,omitempty"`
	// Filters is a list of filters in the form of the stats API.
	Filters json.RawMessage `json:"filters"`
}

// Clean checks name and size. Whether the filters can be read is known to the stats
// API alone. The error wraps ErrSegment.
func (s *Segment) Clean() error {
	s.Name = strings.TrimSpace(s.Name)
	switch {
	case s.Name == "" || utf8.RuneCountInString(s.Name) > maxSegmentName || hasControl(s.Name):
		return fmt.Errorf("%w: it needs a name of at most %d characters", ErrSegment, maxSegmentName)
	case len(s.Filters) > maxSegmentFilters:
		return fmt.Errorf("%w: its filters may have %d bytes", ErrSegment, maxSegmentFilters)
	}
	return nil
}
