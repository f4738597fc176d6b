package volatile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"footfall/aggregate"
)

// The file "salts" is an array of slots of 512 bytes. Slot 0 is its head:
//
//	  0  48  head, "ffsalts" and a zero byte
//	 48 460  zero
//	508   4  CRC-32C of bytes 0-507
//
// Each other slot is all zero, or holds a salt:
//
//	  0   8  serial: of two slots for one site and day the higher one counts
//	  8   4  day
//	 12   4  nanoseconds of the time at which the salt has to be gone
//	 16   8  Unix seconds of it
//	 24  32  salt
//	 56   1  length of the site (1-255)
//	 57 255  site, then zeros
//	312 196  zero
//	508   4  CRC-32C of bytes 0-507
//
// The file is used through a mapping only: no copy of a salt is left in a buffer
// of the kernel or of this package, and zeros written over it are all there is.
// A slot whose checksum is wrong was being written or dropped when the process
// died. No salt was in use from it, or none is any more: it is overwritten.
const (
	slotSize   = 512
	saltsMagic = "ffsalts\x00"
	saltsFile  = "salts"
)

type salts struct {
	mem   *memory
	owner owner
	pin   bool
	log   *slog.Logger

	mu     sync.Mutex // protects what follows and the bytes of the slots
	file   file
	maps   [][]byte
	slots  [][]byte // slots[0] is the head
	size   int64    // of the file
	used   map[saltKey]int
	free   []int
	serial uint64
	err    error // set: no use before a reset
}

type saltKey struct {
	site aggregate.Site
	day  aggregate.Day
}

// open maps the file, which it makes where there is none. Errors of the content
// stay in s.err.
func (s *salts) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	s.file, err = s.mem.dir.open(saltsFile)
	if errors.Is(err, fs.ErrNotExist) {
		s.file, err = s.mem.dir.create(saltsFile)
	}
	if err != nil {
		return asFull(err)
	}
	n, err := s.file.size()
	if err != nil {
		return err
	}
	s.mem.used.Add(n)
	s.size = n
	if err := s.share(0, n); err != nil {
		return fmt.Errorf("salts: %w", err)
	}
	if len(s.slots) == 0 {
		if err := s.grow(); err != nil {
			return err
		}
	}
	s.err = s.read()
	return nil
}

// share maps [from, to) of the file and adds its slots.
func (s *salts) share(from, to int64) error {
	if to/slotSize == from/slotSize {
		return nil
	}
	m, err := s.file.mapping(from, int(to-from), s.pin)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSwappable, err)
	}
	s.maps = append(s.maps, m)
	for ; len(m) >= slotSize; m = m[slotSize:] {
		s.slots = append(s.slots, m[:slotSize:slotSize])
	}
	return nil
}

// grow adds free slots: it doubles the file, within limits.
func (s *salts) grow() error {
	from := wholePages(s.size)
	n := wholePages(min(max(s.size, 16<<10), s.mem.step))
	if err := s.mem.take(n, 0); err != nil {
		return fmt.Errorf("salts: %w", err)
	}
	err := s.file.allocate(from, n)
	if errors.Is(err, errors.ErrUnsupported) {
		err = s.file.Truncate(from + n)
	}
	first := len(s.slots)
	if err == nil {
		err = s.share(from, from+n)
	}
	if err != nil {
		s.mem.give(n)
		return fmt.Errorf("salts: %w", errors.Join(asFull(err), s.file.Truncate(s.size)))
	}
	s.size = from + n
	for i := len(s.slots) - 1; i >= max(first, 1); i-- {
		s.free = append(s.free, i)
	}
	return nil
}

// read finds out what is in the slots. Called once for a mapped file.
func (s *salts) read() error {
	s.used, s.free = map[saltKey]int{}, s.free[:0]
	if err := s.readHead(); err != nil {
		return err
	}
	torn := 0
	for i := len(s.slots) - 1; i > 0; i-- {
		slot := s.slots[i]
		v, err := readSlot(slot)
		if err != nil {
			clear(slot)
			torn++
		}
		if v.serial == 0 {
			s.free = append(s.free, i)
			continue
		}
		s.serial = max(s.serial, v.serial)
		s.keep(i, v)
	}
	if torn > 0 {
		s.log.Warn("memory state: cleared salts that were being written", "slots", torn)
	}
	return nil
}

// keep puts slot i into the index; of two for one key the newer one stays.
func (s *salts) keep(i int, v slotValue) {
	if other, ok := s.used[v.saltKey]; ok {
		if binary.LittleEndian.Uint64(s.slots[other]) > v.serial {
			i, other = other, i
		}
		clear(s.slots[other])
		s.free = append(s.free, other)
	}
	s.used[v.saltKey] = i
}

// readHead accepts the head, and writes it where nothing has been written yet.
func (s *salts) readHead() error {
	head := s.slots[0]
	whole := checksum(head[:508]) == binary.LittleEndian.Uint32(head[508:])
	err := checkHead(head, saltsMagic)
	switch {
	case errors.Is(err, ErrVersion) && whole:
		return fmt.Errorf("salts: %w", err)
	case err == nil && whole:
		if err := sameOwner(head, s.owner); err != nil {
			return fmt.Errorf("salts: %w", err)
		}
		return nil
	}
	for _, slot := range s.slots[1:] {
		if !zero(slot) {
			return fmt.Errorf("salts: %w: head without its checksum", ErrCorrupt)
		}
	}
	s.writeHead()
	return nil
}

func (s *salts) writeHead() {
	head := s.slots[0]
	clear(head)
	copy(head, appendHead(nil, saltsMagic, s.owner))
	binary.LittleEndian.PutUint32(head[508:], checksum(head[:508]))
}

type slotValue struct {
	saltKey
	serial uint64 // 0: the slot is free
	ends   time.Time
	salt   [32]byte
}

// readSlot reads a slot. An error means that it is torn.
func readSlot(slot []byte) (v slotValue, err error) {
	if zero(slot) {
		return v, nil
	}
	n := int(slot[56])
	switch {
	case checksum(slot[:508]) != binary.LittleEndian.Uint32(slot[508:]):
		return v, fmt.Errorf("%w: checksum of a salt's slot", ErrCorrupt)
	case n == 0 || binary.LittleEndian.Uint64(slot) == 0:
		return v, fmt.Errorf("%w: a salt without site or serial", ErrCorrupt)
	}
	v.serial = binary.LittleEndian.Uint64(slot)
	v.day = aggregate.Day(int32(binary.LittleEndian.Uint32(slot[8:])))
	nanos := binary.LittleEndian.Uint32(slot[12:])
	v.ends = time.Unix(int64(binary.LittleEndian.Uint64(slot[16:])), int64(nanos)).UTC()
	copy(v.salt[:], slot[24:56])
	v.site = aggregate.Site(slot[57 : 57+n])
	return v, nil
}

// writeSlot fills a free slot, the checksum last.
func writeSlot(slot []byte, v *slotValue) {
	binary.LittleEndian.PutUint64(slot, v.serial)
	binary.LittleEndian.PutUint32(slot[8:], uint32(v.day))
	binary.LittleEndian.PutUint32(slot[12:], uint32(v.ends.Nanosecond()))
	binary.LittleEndian.PutUint64(slot[16:], uint64(v.ends.Unix()))
	copy(slot[24:56], v.salt[:])
	slot[56] = byte(len(v.site))
	copy(slot[57:312], v.site)
	binary.LittleEndian.PutUint32(slot[508:], checksum(slot[:508]))
}

func (s *salts) save(v *slotValue) error {
	if v.site == "" || len(v.site) > 255 {
		return fmt.Errorf("salt for a site of %d bytes: want 1 to 255", len(v.site))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if len(s.free) == 0 {
		if err := s.grow(); err != nil {
			return err
		}
	}
	i := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	s.serial++
	v.serial = s.serial
	writeSlot(s.slots[i], v)
	s.dropKey(v.saltKey)
	s.used[v.saltKey] = i
	return nil
}

// dropKey overwrites a salt with zeros.
func (s *salts) dropKey(k saltKey) {
	if i, ok := s.used[k]; ok {
		clear(s.slots[i])
		delete(s.used, k)
		s.free = append(s.free, i)
	}
}

func (s *salts) drop(k saltKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.dropKey(k)
	return nil
}

// load calls fn for each salt, in the order of the slots. fn may save and drop.
func (s *salts) load(fn func(v *slotValue) error) error {
	s.mu.Lock()
	err := s.err
	keys := make([]saltKey, 0, len(s.used))
	for k := range s.used {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b saltKey) int { return s.used[a] - s.used[b] })
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, k := range keys {
		v, err := s.get(k)
		if err == nil && v.serial != 0 {
			err = fn(&v)
			clear(v.salt[:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *salts) get(k saltKey) (slotValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.used[k]
	if s.err != nil || !ok {
		return slotValue{}, s.err
	}
	return readSlot(s.slots[i])
}

// reset empties a file that is not usable: another database's, or a damaged one.
// Salts that are in use stay.
func (s *salts) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(s.err, ErrClosed) {
		return
	}
	for _, slot := range s.slots {
		clear(slot)
	}
	s.writeHead()
	s.err = s.read()
}

func (s *salts) bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// close lets go of the mapping; the salts stay for the next process.
func (s *salts) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots, s.used, s.free, s.err = nil, nil, nil, ErrClosed
	var err error
	for _, m := range s.maps {
		err = errors.Join(err, s.mem.dir.unmap(m))
	}
	s.maps = nil
	if s.file != nil {
		err = errors.Join(err, s.file.Close())
		s.file = nil
	}
	return err
}
