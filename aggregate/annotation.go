package aggregate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of annotations.
const (
	MaxAnnotations    = 1000 // of a site
	maxAnnotationText = 200  // characters
)

// ErrAnnotation is returned for an annotation that makes no sense; its text says
// what would.
var ErrAnnotation = errors.New("annotation")

// ErrNoAnnotation is returned for the id of an annotation that does not exist.
var ErrNoAnnotation = errors.New("there is no such annotation")

// AnnotationID names an annotation of an installation for ever: numbers never return.
type AnnotationID uint32

// String is the id as an address names it.
func (id AnnotationID) String() string { return strconv.FormatUint(uint64(id), 10) }

// ParseAnnotationID reads what String writes; 0, which is no id, where it cannot.
func ParseAnnotationID(text string) AnnotationID {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return AnnotationID(id)
}

// Annotation is what somebody of the team noted about a day, so that the figures
// can be understood later: a release, a campaign, an outage.
type Annotation struct {
	ID   AnnotationID `json:"id,omitempty"`
	Day  Day          `json:"day"`
	Text string       `json:"text"`
}

// Clean takes blanks off the text and checks it. The error wraps ErrAnnotation.
func (a *Annotation) Clean() error {
	a.Text = strings.Join(strings.Fields(a.Text), " ")
	if a.Text == "" || utf8.RuneCountInString(a.Text) > maxAnnotationText || hasControl(a.Text) {
		return fmt.Errorf("%w: it needs a text of at most %d characters", ErrAnnotation, maxAnnotationText)
	}
	if y, _, _ := a.Day.Civil(); y < 1990 || y > 2199 {
		return fmt.Errorf("%w: its day is out of this world", ErrAnnotation)
	}
	return nil
}
