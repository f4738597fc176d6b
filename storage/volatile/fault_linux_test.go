package volatile

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"footfall/aggregate"
)

// What becomes of the operation that a fault hits.
type fault int

const (
	fails     fault = iota // nothing happens, an error is returned
	persisted              // it happens, an error is returned
	torn                   // a write stops halfway; other operations fail
)

var faultNames = []string{"fails", "fails but was persisted", "torn"}

var errFault = fmt.Errorf("injected: %w", syscall.ENOSPC)

// faults stands between the state and its directory. It counts operations and
// lets one of them go wrong, and after it, if the process dies there, all.
type faults struct {
	directory
	n     int // operations so far
	at    int // the one that goes wrong, from 1; 0 = none
	kind  fault
	dies  bool // the process is killed there
	again int  // this many operations after it fail too
	until int  // the process is killed this many operations after it; 0 = not
	hit   string
	watch string // an operation's name: at becomes its number
}

func (d *faults) do(name string, fn func() error) error {
	d.n++
	if d.watch == name {
		d.at, d.watch = d.n, ""
	}
	switch {
	case d.at == 0 || d.n < d.at:
		return fn()
	case d.n == d.at:
		d.hit = name
		if d.kind == persisted {
			fn()
		}
		return errFault
	case d.dead() || d.n <= d.at+d.again:
		return errFault
	}
	return fn()
}

func (d *faults) dead() bool {
	return d.at != 0 && (d.dies && d.n >= d.at || d.until > 0 && d.n >= d.at+d.until)
}

func (d *faults) open(name string) (f file, err error) {
	err = d.do("open "+name, func() error { f, err = d.directory.open(name); return err })
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, err
	}
	return &faultFile{f, d, name}, nil
}

func (d *faults) create(name string) (f file, err error) {
	err = d.do("create "+name, func() error { f, err = d.directory.create(name); return err })
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, err
	}
	return &faultFile{f, d, name}, nil
}

func (d *faults) rename(from, to string) error {
	return d.do("rename "+from, func() error { return d.directory.rename(from, to) })
}

func (d *faults) remove(name string) error {
	return d.do("remove "+name, func() error { return d.directory.remove(name) })
}

func (d *faults) list() (names []string, err error) {
	err = d.do("list", func() error { names, err = d.directory.list(); return err })
	if err != nil {
		return nil, err
	}
	return names, nil
}

type faultFile struct {
	file
	d    *faults
	name string
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.d.do("write "+f.name, func() error { n, err = f.file.WriteAt(p, off); return err })
	if err != nil && f.d.kind == torn && f.d.n == f.d.at {
		n, _ = f.file.WriteAt(p[:len(p)/2], off)
	}
	return n, err
}

func (f *faultFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.d.do("read "+f.name, func() error { n, err = f.file.ReadAt(p, off); return err })
	return n, err
}

func (f *faultFile) Truncate(size int64) error {
	return f.d.do("truncate "+f.name, func() error { return f.file.Truncate(size) })
}

func (f *faultFile) size() (n int64, err error) {
	err = f.d.do("size of "+f.name, func() error { n, err = f.file.size(); return err })
	return n, err
}

func (f *faultFile) allocate(off, n int64) error {
	return f.d.do("allocate "+f.name, func() error { return f.file.allocate(off, n) })
}

// mapping maps without a lock: that the limit of locked memory is too low, as
// the error says, is one of the faults.
func (f *faultFile) mapping(off int64, n int, pin bool) (m []byte, err error) {
	err = f.d.do("map "+f.name, func() error {
		if m, err = f.file.mapping(off, n, false); err == nil && f.d.n == f.d.at {
			err = f.d.directory.unmap(m)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (f *faultFile) Close() error {
	f.file.Close() // or the test runs out of descriptors
	return f.d.do("close "+f.name, func() error { return nil })
}

// engine is the smallest caller that keeps to the protocol on State. Its truth
// is a list of records; its database is a list that survives everything.
type engine struct {
	s     *State
	d     *faults
	truth []string // what has been answered for, in order
	maybe string   // the record that is being appended
	lossy bool     // without a journal: step 10

	database []string
	commits  uint64
	salts    map[saltKey]savedSalt
	unsure   map[saltKey]bool // a salt whose saving or dropping failed
}

// errDead ends a run: the process is dead, or must not go on.
var errDead = errors.New("dead")

func (e *engine) commit() { e.database = slices.Clone(e.truth); e.commits++ }

// start is steps 1 to 3.
func (e *engine) start() (fromMemory bool, err error) {
	got, err := e.load()
	if err == nil {
		e.truth, e.lossy = got, false
		return true, nil
	}
	e.truth, e.lossy = slices.Clone(e.database), true
	return false, e.comeBack()
}

func (e *engine) load() ([]string, error) {
	c, err := e.s.Load()
	if err != nil {
		return nil, err
	}
	text, err := sectionText(c, "truth")
	if err != nil {
		return nil, err
	}
	var got []string
	if text != "" {
		got = strings.Split(text, ",")
	}
	records, err := replayed(e.s, c.Manifest().Segment)
	return append(got, records...), err
}

// checkpoint is steps 4 and 5.
func (e *engine) checkpoint() error {
	segment, err := e.s.Rotate()
	if err != nil {
		return err
	}
	half := len(e.truth) / 2
	if err := writeCheckpoint(e.s, Manifest{e.commits, segment},
		"truth", strings.Join(e.truth, ","), "more", fmt.Sprint(half)); err != nil {
		return err
	}
	return e.s.Truncate(segment)
}

// comeBack is step 11; while it fails, the engine goes on without a journal.
func (e *engine) comeBack() error {
	if e.s.Reset() == nil && e.checkpoint() == nil {
		e.lossy = false
	} else if e.s.Abandon() != nil {
		return errDead
	}
	return nil
}

// count is steps 6 to 10 for one hit.
func (e *engine) count(record string) error {
	if e.lossy {
		e.truth = append(e.truth, record)
		return nil
	}
	e.maybe = record
	_, err := e.s.Append([]byte(record))
	if err != nil && e.checkpoint() == nil {
		_, err = e.s.Append([]byte(record))
	}
	if e.d.dead() {
		return errDead
	}
	if err != nil {
		e.commit()
		if err := e.s.Abandon(); err != nil {
			return errDead
		}
		e.lossy = true
	}
	e.truth, e.maybe = append(e.truth, record), ""
	return nil
}

func (e *engine) save(site aggregate.Site, day aggregate.Day, n int) {
	k := saltKey{site, day}
	e.unsure[k] = true
	if e.s.SaveSalt(site, day, testEnds, testSalt(n)) == nil {
		delete(e.unsure, k)
		e.salts[k] = savedSalt{testEnds, testSalt(n)}
	}
}

func (e *engine) drop(site aggregate.Site, day aggregate.Day) {
	k := saltKey{site, day}
	e.unsure[k] = true
	if e.s.DropSalt(site, day) == nil {
		delete(e.unsure, k)
		delete(e.salts, k)
	}
}

// run is a life with everything in it. from makes its records unlike others'.
func (e *engine) run(from int) error {
	record := func(n int) string { return fmt.Sprintf("%d:%s", from+n, strings.Repeat("r", 30*n)) }
	steps := []func() error{
		func() error { return e.count(record(1)) },
		func() error { e.save("a.example", 1, 1); return nil },
		func() error { return e.count(record(2)) },
		func() error { e.checkpoint(); return nil },
		func() error { return e.count(record(3)) },
		func() error { e.save("a.example", 2, 2); e.drop("a.example", 1); return nil },
		func() error { e.commit(); return nil },
		func() error { return e.count(record(4)) },
		func() error { return e.count(record(5)) },
		func() error { e.checkpoint(); return nil },
		func() error { e.checkpoint(); return nil },
		func() error { return e.count(record(6)) },
		func() error { e.commit(); e.lossy = e.lossy || e.s.Abandon() == nil; return nil },
		func() error { return e.count(record(7)) },
		func() error { e.commit(); return e.comeBack() },
		func() error { return e.count(record(8)) },
		func() error { return e.count(record(9)) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
		if e.d.dead() {
			return errDead
		}
	}
	return nil
}

// world is a directory with an engine in it that can be killed and started.
type world struct {
	t    *testing.T
	real *realDirectory
	pin  bool
	e    engine
}

func newWorld(t *testing.T, pin bool) *world {
	d, err := openDirectory(memoryDir(t), "/data")
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, real: d, pin: pin, e: engine{salts: map[saltKey]savedSalt{}, unsure: map[saltKey]bool{}}}
}

// open starts a process. Its faults begin at once.
func (w *world) open(d *faults) error {
	d.directory = w.real
	o := Options{DatabaseID: testDatabase, SegmentBytes: 400, Logger: slog.New(slog.DiscardHandler)}
	s, err := openIn(d, "/data", o, rules{step: pageSize, pin: w.pin, pinSalts: true})
	if err != nil {
		return err
	}
	w.e.s, w.e.d = s, d
	return nil
}

// kill ends the process without a word: nothing but descriptors and mappings.
func (w *world) kill() {
	if w.e.s == nil {
		return
	}
	w.e.d.at, w.e.d.dies = -1, true // whatever it would still like to write is lost
	w.e.s.release()
	w.e.s = nil
}

// check starts a process without faults, and compares what it finds.
func (w *world) check() error {
	before := w.e
	if err := w.open(&faults{}); err != nil {
		return fmt.Errorf("open after the fault: %w", err)
	}
	w.e.maybe = ""
	fromMemory, err := w.e.start()
	if err != nil {
		return err
	}
	got := w.e.truth
	switch {
	case slices.Equal(got, before.truth):
	case fromMemory && before.maybe != "" && slices.Equal(got, append(slices.Clone(before.truth), before.maybe)):
	case fromMemory:
		return fmt.Errorf("memory state: got %.8q, want %.8q", got, before.truth)
	case !before.lossy:
		return fmt.Errorf("no memory state, and the database has %.8q of %.8q", got, before.truth)
	}
	return w.checkSalts()
}

func (w *world) checkSalts() error {
	got := map[saltKey]savedSalt{}
	err := w.e.s.LoadSalts(func(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error {
		got[saltKey{site, day}] = savedSalt{ends, salt}
		return nil
	})
	if err != nil {
		return fmt.Errorf("LoadSalts: %w", err)
	}
	for _, k := range []saltKey{{"a.example", 1}, {"a.example", 2}} {
		g, is := got[k]
		if want, saved := w.e.salts[k]; !w.e.unsure[k] && (is != saved || g.salt != want.salt) {
			return fmt.Errorf("salt of day %d: got one: %t, want one: %t", k.day, is, saved)
		}
	}
	w.e.salts, w.e.unsure = got, map[saltKey]bool{}
	return nil
}

// life is one run under one fault, its end, and a second run without faults.
func life(t *testing.T, pin bool, d *faults) (operations int, err error) {
	w := newWorld(t, pin)
	defer func() { w.kill(); w.real.close() }()
	err = w.open(d)
	if err == nil {
		if _, err = w.e.start(); err == nil {
			err = w.e.run(0)
		}
		if err != nil && !errors.Is(err, errDead) {
			return 0, err
		}
	}
	operations = d.n
	w.kill()
	if err := w.check(); err != nil {
		return 0, err
	}
	if err := w.e.run(1000); err != nil {
		return 0, fmt.Errorf("a run without faults after it: %w", err)
	}
	w.kill()
	return operations, w.check()
}

// Every single operation fails, in each way, with the process killed there or
// going on; and then a few operations in a row, so that cleaning up fails too.
func TestFaultAtAnyOperationLosesNothing(t *testing.T) {
	for _, pin := range []bool{false, true} {
		t.Run(fmt.Sprintf("pinned %t", pin), func(t *testing.T) {
			t.Parallel()
			n, err := life(t, pin, &faults{})
			if err != nil || n < 100 {
				t.Fatalf("without faults: got %d operations, %v, want a run with many", n, err)
			}
			for at := 1; at <= n; at++ {
				faultAt(t, pin, at)
			}
		})
	}
}

func faultAt(t *testing.T, pin bool, at int) {
	for kind := fails; kind <= torn; kind++ {
		for _, after := range []faults{{dies: true}, {}, {again: 1}, {again: 3}, {again: 1, until: 9}} {
			if kind == torn && after.again > 0 {
				continue // as the cases above it, but for the one write
			}
			d := &faults{at: at, kind: kind, dies: after.dies, again: after.again, until: after.until}
			if _, err := life(t, pin, d); err != nil {
				t.Fatalf("operation %d (%s) %s, dies %t, then %d more fail, dies after %d: %v",
					at, d.hit, faultNames[kind], after.dies, after.again, after.until, err)
			}
		}
	}
}
