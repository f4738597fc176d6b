package geo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// ErrDatabase is wrapped by every error of Open, OpenNetworks and Refresh.
var ErrDatabase = errors.New("geo database")

// errWriting is returned for a file that changes while it is copied.
var errWriting = errors.New("it is being written")

// database is an open database, of which V is told of an address. It is mapped from
// a private copy without a name, so that whatever happens to the operator's file
// happens to nobody who looks something up: bytes of a mapped file that is cut short
// can only be read at the price of the process. Mapped, and not read into memory,
// because city databases have a hundred megabytes.
//
// Readers of the map must be gone before it is unmapped, hence the lock: read to
// look up, written to close.
//
// Decoding a record costs dozens of allocations, so the latest values are
// remembered: by the record's position in the file, which many addresses share,
// never by an address. The position comes from a reader of its own, since geoip2
// does not tell it.
type database[V any] struct {
	mu     sync.RWMutex
	index  *maxminddb.Reader // nil once closed
	db     *geoip2.Reader    // nil: of a type that geoip2 does not know
	read   func(netip.Addr) (V, error)
	recent [recentRecords]atomic.Pointer[remembered[V]]
}

const recentRecords = 1 << 12

type remembered[V any] struct {
	record uintptr
	value  V
}

// find is the value of an address; ok is false where the file has none. A record
// that cannot be decoded counts as none: it is no reason to refuse a beacon.
func (d *database[V]) find(addr netip.Addr) (value V, ok bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.index == nil {
		return value, false
	}
	result := d.index.Lookup(addr)
	if !result.Found() {
		return value, false
	}
	record := result.Offset()
	slot := &d.recent[record%recentRecords]
	if r := slot.Load(); r != nil && r.record == record {
		return r.value, true
	}
	r := &remembered[V]{record: record}
	var err error
	if r.value, err = d.read(addr); err != nil {
		var none V
		r.value = none
	}
	slot.Store(r)
	return r.value, true
}

func (d *database[V]) kind() string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.index == nil {
		return ""
	}
	return d.index.Metadata.DatabaseType
}

func (d *database[V]) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.index == nil {
		return nil
	}
	err := d.index.Close()
	if d.db != nil {
		err = errors.Join(err, d.db.Close())
	}
	d.index, d.db = nil, nil
	return err
}

// flat reports whether the file is of a type that geoip2 does not know, and whose name
// promises flat records of what is wanted, such as "country ipvAll".
func (d *database[V]) flat(wanted string) bool {
	return d.db == nil && strings.Contains(strings.ToLower(d.index.Metadata.DatabaseType), wanted)
}

// probe decodes records here and there: only the reader knows which of its methods
// the type allows, and of a damaged file the first look-up may be the first to
// notice.
func (d *database[V]) probe() error {
	for first := range 224 {
		addr := netip.AddrFrom4([4]byte{byte(first), 1, 1, 1})
		if _, err := d.read(addr); err != nil {
			return err
		}
	}
	if d.index.Metadata.IPVersion == 6 {
		for second := range 256 {
			addr := netip.AddrFrom16([16]byte{0x20 + byte(second)&0x0f, byte(second), 1})
			if _, err := d.read(addr); err != nil {
				return err
			}
		}
	}
	return nil
}

// openDatabase opens a private copy of a file. seen is the file as it was copied.
func openDatabase[V any](path, scratch string, reader func(*database[V]) (func(netip.Addr) (V, error), error)) (d *database[V], seen fs.FileInfo, err error) {
	copied, seen, err := copyFile(path, scratch)
	if err != nil {
		return nil, seen, explain(path, "", err)
	}
	defer os.Remove(copied) // the map holds on to it
	d = &database[V]{}
	if d.index, err = maxminddb.Open(copied); err != nil {
		return nil, seen, explain(path, "", err)
	}
	kind := d.index.Metadata.DatabaseType
	var unknown geoip2.UnknownDatabaseTypeError
	if d.db, err = geoip2.Open(copied); errors.As(err, &unknown) {
		d.db, err = nil, nil
	}
	if err == nil {
		d.read, err = reader(d)
	}
	if err == nil {
		err = d.probe()
	}
	if err != nil {
		_ = d.close() // the first error says more
		return nil, seen, explain(path, kind, err)
	}
	return d, seen, nil
}

// copyPattern names private copies while they have a name, for the moment between
// making and mapping one.
const copyPattern = "geo-copy-*.mmdb"

// copyFile copies a file that stays the same meanwhile.
func copyFile(path, scratch string) (copied string, seen fs.FileInfo, err error) {
	from, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer from.Close()
	if seen, err = from.Stat(); err != nil {
		return "", nil, err
	}
	if !seen.Mode().IsRegular() {
		return "", seen, errors.New("it is no file")
	}
	to, err := os.CreateTemp(scratch, copyPattern)
	if err != nil {
		return "", seen, &copyError{err}
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		err = &copyError{err}
	} else if after, statErr := os.Stat(path); statErr != nil || !sameFile(seen, after) {
		err = errWriting
	}
	if err != nil {
		_ = os.Remove(to.Name())
		return "", seen, err
	}
	return to.Name(), seen, nil
}

// copyError is an error of the private copy, not of the file.
type copyError struct{ err error }

func (e *copyError) Error() string { return e.err.Error() }
func (e *copyError) Unwrap() error { return e.err }

// removeCopies removes what a process left behind that died between making and
// mapping a copy. Copies in use have no name any more.
//
// In the system's directory the copies of others lie as well, and none are removed.
func removeCopies(scratch string) {
	if scratch == "" {
		return
	}
	left, _ := filepath.Glob(filepath.Join(scratch, copyPattern)) // the pattern is well-formed
	for _, name := range left {
		_ = os.Remove(name)
	}
}

func sameFile(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// explain makes one line of why a file cannot be used.
func explain(path, kind string, err error) error {
	var unknown geoip2.UnknownDatabaseTypeError
	var method geoip2.InvalidMethodError
	var own *copyError
	switch {
	case errors.As(err, &own):
		return fmt.Errorf("%w %s: no private copy of it can be made (%w); make room", ErrDatabase, path, own.err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w %s: no such file; give the path of a database (.mmdb)", ErrDatabase, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w %s: not readable; let the server's user read it", ErrDatabase, path)
	case errors.Is(err, errWriting):
		return fmt.Errorf("%w %s: %w; try again when it is complete", ErrDatabase, path, err)
	case errors.As(err, &unknown), errors.As(err, &method):
		return fmt.Errorf("%w %s: it is of type %q; a country or city database is needed, such as GeoLite2-Country or DBIP-City-Lite, "+
			"or for networks one such as GeoLite2-ASN", ErrDatabase, path, kind)
	default:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Errorf("%w %s: no MaxMind database, or damaged (%s); download it again", ErrDatabase, path, reason)
	}
}
