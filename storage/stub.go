package storage

import (
	"io"
	"time"

	"footfall/aggregate"
)

type DB struct{}

type Options struct {
	// ReadOnly opens an existing file without writing anything, under a lock that
	// readers share.
	ReadOnly bool
	// Timeout is how long Open waits for a file in use; default 100 ms.
	Timeout time.Duration
	// Random is the source of ids and tokens; default crypto/rand.
	Random io.Reader
	// MonthRows is the number of rows that an added-to block keeps; default 20,000.
	MonthRows int
	// MaxBytes limits the file; 0 = no limit.
	MaxBytes int64
}

func Open(dir string, o Options) (*DB, error)                        { panic("soon") }
func (db *DB) Close() error                                          { panic("soon") }
func (db *DB) ID() [16]byte                                          { panic("soon") }
func (db *DB) LastCommit() uint64                                    { panic("soon") }
func (db *DB) Commit(c aggregate.Commit) error                       { panic("soon") }
func (db *DB) Block(k aggregate.Key) (*aggregate.Block, bool, error) { panic("soon") }

// Range calls fn for each block; key and block belong to fn.
func (db *DB) Range(q BlockRange, fn func(aggregate.Key, *aggregate.Block) error) error {
	panic("soon")
}

// Days: first and last day with counters, live or of a finished import.
func (db *DB) Days(site aggregate.Site) (first, last aggregate.Day, ok bool, err error) {
	panic("soon")
}

func (db *DB) AddSite(site aggregate.Site, s aggregate.Settings) error     { panic("soon") }
func (db *DB) RemoveSite(site aggregate.Site) error                        { panic("soon") }
func (db *DB) SetSettings(site aggregate.Site, s aggregate.Settings) error { panic("soon") }
func (db *DB) Sites() []SiteRecord                                         { panic("soon") } // sorted by domain
func (db *DB) Site(site aggregate.Site) (SiteRecord, bool)                 { panic("soon") }

// Settings is lock-free, for the beacon path.
func (db *DB) Settings(site aggregate.Site) (aggregate.Settings, bool) { panic("soon") }

func (db *DB) AddToken(name string, sites []aggregate.Site, scopes []string) (plaintext string, err error) {
	panic("soon")
}
func (db *DB) CheckToken(plaintext string) (Token, bool) { panic("soon") } // lock-free
func (db *DB) Tokens() []Token                           { panic("soon") }
func (db *DB) RemoveToken(name string) error             { panic("soon") }

func (db *DB) BeginImport(site aggregate.Site, format, note string) (aggregate.ImportID, error) {
	panic("soon")
}
func (db *DB) FinishImport(id aggregate.ImportID) error      { panic("soon") }
func (db *DB) RemoveImport(id aggregate.ImportID) error      { panic("soon") }
func (db *DB) Imports(site aggregate.Site) ([]Import, error) { panic("soon") } // "" = of all sites

// Retain deletes whole months older than each site's retention; today tells the site's current day.
func (db *DB) Retain(today func(SiteRecord) aggregate.Day) (blocks int, err error) { panic("soon") }

func (db *DB) Wasteful() bool                        { panic("soon") }
func (db *DB) Compact() error                        { panic("soon") }
func (db *DB) Backup(w io.Writer) error              { panic("soon") }
func Restore(dir, file string) error                 { panic("soon") }
func (db *DB) Check(fn func(violation string)) error { panic("soon") }
func (db *DB) Audit() (*AuditReport, error)          { panic("soon") }
func (db *DB) Stats() Stats                          { panic("soon") }

// AuditReport is what Audit found.
type AuditReport struct {
	Records    []AuditRecord `json:"records"`
	Violations []string      `json:"violations"`
	Notes      []string      `json:"notes"`
}

// AuditRecord is one kind of record on disk.
type AuditRecord struct {
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes"`
}

// WriteText writes the report in words.
func (r *AuditReport) WriteText(w io.Writer) error { panic("soon") }

// AppendBlock appends the stored form of b; DecodeBlock reads it.
func AppendBlock(dst []byte, b *aggregate.Block) []byte { panic("soon") }
func DecodeBlock(src []byte) (*aggregate.Block, error)  { panic("soon") }
