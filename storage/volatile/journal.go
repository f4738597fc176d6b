package volatile

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// journal is the list of segments. The last one is written to; the others are
// sealed. Their numbers have no gaps.
type journal struct {
	mem     *memory
	owner   owner
	maximum int64 // size at which a segment is full
	log     *slog.Logger

	mu       sync.Mutex // protects what follows, and the order of writes
	segments []segment
	number   uint64 // of the last segment that was made
	next     uint64 // seq of the next record
	frame    []byte // for the frame that is being written
	err      error  // set: nothing may be written or replayed before a reset
}

type segment struct {
	*extent
	number uint64
}

const segmentPrefix = "journal-"

func segmentName(number uint64) string { return fmt.Sprintf("%s%016x", segmentPrefix, number) }

// segmentNumber is the inverse of segmentName.
func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, segmentPrefix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && n > 0 && segmentName(n) == name
}

// open takes over the segments that a former process left, from number `from`
// on, and cuts off what it could not finish. Errors of the content stay in
// j.err; the returned ones are of the system.
func (j *journal) open(names []string, from uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next = 1
	var numbers []uint64
	for _, name := range names {
		n, ok := segmentNumber(name)
		switch {
		case !ok:
		case n < from: // covered by the checkpoint; its removal did not get this far
			if err := j.mem.dir.remove(name); err != nil {
				return err
			}
		default:
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if err := j.adopt(n); err != nil {
			return err
		}
	}
	err := j.openLast()
	if err == nil {
		err = j.whole(from)
	}
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrForeign) || errors.Is(err, ErrVersion) {
		j.err = err
		return nil
	}
	return err
}

func (j *journal) adopt(number uint64) error {
	f, err := j.mem.dir.open(segmentName(number))
	if err != nil {
		return err
	}
	e, err := j.mem.adopt(f)
	if err != nil {
		return err
	}
	e.spare = j.mem.step
	j.segments = append(j.segments, segment{e, number})
	j.number = number
	return nil
}

// whole tells whether all segments are there.
func (j *journal) whole(from uint64) error {
	if len(j.segments) == 0 || j.segments[0].number != from {
		return fmt.Errorf("%w: journal segment %d is missing", ErrCorrupt, from)
	}
	for i, s := range j.segments {
		if s.number != from+uint64(i) {
			return fmt.Errorf("%w: journal segment %d is missing", ErrCorrupt, from+uint64(i))
		}
		if i < len(j.segments)-1 {
			if err := s.seal(); err != nil {
				return err
			}
		}
	}
	return nil
}

// openLast finds the end of the last segment and cuts off what is behind it. A
// segment that died while it was made is removed; the one before is then the
// last.
func (j *journal) openLast() error {
	for len(j.segments) > 0 {
		last := j.segments[len(j.segments)-1]
		src := make([]byte, last.size)
		if err := readAll(last.file, src); err != nil {
			return err
		}
		first, err := readSegmentHead(src, j.owner, last.number)
		if errors.Is(err, errTorn) {
			if err := j.mem.dir.remove(segmentName(last.number)); err != nil {
				return err
			}
			last.drop()
			j.segments = j.segments[:len(j.segments)-1]
			j.number--
			continue
		}
		if err != nil {
			return inSegment(last.number, 0, err)
		}
		end, next, err := readFrames(src[segmentHead:], first, nil)
		end += segmentHead
		if err != nil && !errors.Is(err, errTorn) {
			return inSegment(last.number, end, err)
		}
		if err != nil {
			j.log.Warn("memory state: cut off a record that was not finished",
				"segment", last.number, "offset", end)
		}
		j.next = next
		return last.cut(int64(end))
	}
	return nil
}

func inSegment(number uint64, offset int, err error) error {
	return fmt.Errorf("journal segment %d, offset %d: %w", number, offset, err)
}

func readAll(r io.ReaderAt, dst []byte) error {
	n, err := r.ReadAt(dst, 0)
	if n == len(dst) {
		return nil
	}
	return err
}

// append writes one record and returns its seq.
func (j *journal) append(record []byte) (uint64, error) {
	if len(record) > MaxRecord {
		return 0, fmt.Errorf("record of %d bytes: the longest is %d", len(record), MaxRecord)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return 0, j.err
	}
	if n := len(j.segments); n == 0 || j.segments[n-1].size+frameHead+int64(len(record)) > j.maximum {
		if err := j.rotate(); err != nil {
			return 0, err
		}
	}
	seq := j.next
	j.frame = appendFrame(j.frame[:0], seq, record)
	last := j.segments[len(j.segments)-1]
	if err := last.write(j.frame); err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	j.next++
	return seq, nil
}

// rotate makes a new segment, unless the last one is still empty. It is also the
// way on from a segment whose failed write could not be taken back at the time.
func (j *journal) rotate() error {
	n := len(j.segments)
	if n > 0 && j.segments[n-1].size == segmentHead && j.segments[n-1].err == nil {
		return nil
	}
	if n > 0 {
		if err := j.segments[n-1].trim(); err != nil {
			j.err = err
			return fmt.Errorf("end of a journal segment: %w", err)
		}
	}
	number := j.number + 1
	e, err := j.mem.create(segmentName(number))
	if err == nil {
		err = e.write(appendSegmentHead(nil, j.owner, number, j.next))
	}
	if err != nil {
		if e != nil {
			e.drop()
		}
		// A head that stays behind would be the last segment of the next process,
		// and its first seq wrong as soon as the old segment goes on.
		j.err = j.mem.dir.remove(segmentName(number))
		return fmt.Errorf("new journal segment: %w", errors.Join(err, j.err))
	}
	if n > 0 {
		if err := j.segments[n-1].seal(); err != nil {
			j.log.Warn("memory state: a full journal segment cannot be closed", "error", err)
		}
	}
	// Records leave the room of a head: a full journal can still be rotated, and
	// so give way to a checkpoint.
	e.spare = j.mem.step
	j.segments, j.number = append(j.segments, segment{e, number}), number
	return nil
}

// rotated starts a new segment and returns its number.
func (j *journal) rotated() (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return 0, j.err
	}
	err := j.rotate()
	return j.number, err
}

// has reports whether the segment exists.
func (j *journal) has(number uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err == nil && len(j.segments) > 0 && number >= j.segments[0].number && number <= j.number
}

// replay reads all records that were complete when it was called.
func (j *journal) replay(from uint64, fn func(seq uint64, record []byte) error) error {
	j.mu.Lock()
	todo, err := j.since(from)
	j.mu.Unlock()
	if err != nil {
		return err
	}
	seq := uint64(0)
	for _, s := range todo {
		if seq, err = j.replaySegment(s, seq, fn); err != nil {
			return err
		}
	}
	return nil
}

// part is how much of a segment a replay reads.
type part struct {
	number uint64
	size   int64
}

func (j *journal) since(from uint64) ([]part, error) {
	if j.err != nil {
		return nil, j.err
	}
	var todo []part
	for _, s := range j.segments {
		if s.number >= from {
			todo = append(todo, part{s.number, s.size})
		}
	}
	if from > 0 && (len(todo) == 0 || todo[0].number != from) {
		return nil, fmt.Errorf("%w: journal segment %d is missing", ErrCorrupt, from)
	}
	return todo, nil
}

// replaySegment reads one segment, whose first record has to be seq (0 for any).
func (j *journal) replaySegment(s part, seq uint64, fn func(seq uint64, record []byte) error) (next uint64, err error) {
	f, err := j.mem.dir.open(segmentName(s.number))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	src := make([]byte, s.size)
	if err := readAll(f, src); err != nil {
		return 0, inSegment(s.number, 0, fmt.Errorf("%w: %w", ErrCorrupt, err))
	}
	return replayBytes(src, j.owner, s.number, seq, fn)
}

// replayBytes is what a replay makes of a segment's bytes.
func replayBytes(src []byte, o owner, number, seq uint64, fn func(seq uint64, record []byte) error) (next uint64, err error) {
	first, err := readSegmentHead(src, o, number)
	if errors.Is(err, errTorn) || err == nil && seq != 0 && first != seq {
		err = fmt.Errorf("%w: the segment does not begin with record %d", ErrCorrupt, seq)
	}
	if err != nil {
		return 0, inSegment(number, 0, err)
	}
	var stop error
	end, next, err := readFrames(src[segmentHead:], first, func(seq uint64, record []byte) error {
		stop = fn(seq, record)
		return stop
	})
	switch {
	case stop != nil:
		return 0, stop
	case errors.Is(err, errTorn):
		err = fmt.Errorf("%w: half a record", ErrCorrupt)
	}
	if err != nil {
		return 0, inSegment(number, end+segmentHead, err)
	}
	return next, nil
}

// truncate removes the segments below `before`, oldest first: what a crash
// leaves has no gap. The last segment stays.
func (j *journal) truncate(before uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return j.err
	}
	for len(j.segments) > 1 && j.segments[0].number < before {
		if err := j.mem.dir.remove(segmentName(j.segments[0].number)); err != nil {
			return err
		}
		j.segments[0].drop()
		j.segments = slices.Delete(j.segments, 0, 1)
	}
	return nil
}

// empty removes every segment, known or not, and leaves err as the journal's
// condition. Numbers and seqs go on.
func (j *journal) empty(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments {
		s.drop()
	}
	j.segments, j.err = nil, removeAll(j.mem.dir, segmentPrefix, nil)
	if j.err != nil {
		return j.err // a segment that stays could be taken for one of the new ones
	}
	j.err = err
	return nil
}

// bytes is the memory that the segments take.
func (j *journal) bytes() (n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments {
		n += s.room
	}
	return n
}

// close seals the last segment; the journal stays for the next process.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	for _, s := range j.segments {
		err = errors.Join(err, s.seal())
		s.drop()
	}
	j.segments, j.err = nil, ErrClosed
	return err
}

// removeAll removes the files whose name begins with prefix, apart from those to
// keep.
func removeAll(dir directory, prefix string, keep map[string]bool) error {
	names, err := dir.list()
	for _, name := range names {
		if strings.HasPrefix(name, prefix) && !keep[name] {
			err = errors.Join(err, dir.remove(name))
		}
	}
	return err
}
