package storage

import (
	"errors"
	"fmt"
)

// Errors of Open and Restore. Each says in one line what is wrong; the caller
// knows what to advise.
var (
	// ErrInUse: another process (or another DB) holds the data file.
	ErrInUse = errors.New("data file is in use")
	// ErrUnreadable: the data directory or file cannot be read or entered.
	ErrUnreadable = errors.New("data directory cannot be read")
	// ErrReadOnly: the data directory or file cannot be written.
	ErrReadOnly = errors.New("data directory cannot be written")
	// ErrMissing: there is no data file (read-only opens create none).
	ErrMissing = errors.New("there is no data file")
	// ErrCorrupt: the data file is damaged, truncated or no data file at all.
	ErrCorrupt = errors.New("data file is damaged")
	// ErrNewerLayout: the data file was written by a newer version. The error is
	// a *LayoutError.
	ErrNewerLayout = errors.New("data file has a newer layout")
	// ErrInvalid: the file to restore from is whole, but Check objects to it.
	ErrInvalid = errors.New("data file is not valid")
	// ErrClosed: the DB was closed.
	ErrClosed = errors.New("data file is closed")
)

// Errors of reading and writing.
var (
	// ErrCommitOrder: a commit has another number than the one after the last.
	ErrCommitOrder = errors.New("commit out of order")
	// ErrFull: the disk or the configured size of the file is exhausted.
	ErrFull = errors.New("disk is full")
	// ErrBlock: bytes are no block. It names the field and the lengths.
	ErrBlock = errors.New("malformed block")
	// ErrKey: a block key that the layout does not know.
	ErrKey = errors.New("malformed block key")

	ErrNoSite      = errors.New("no such site")
	ErrSiteExists  = errors.New("site exists already")
	ErrNoToken     = errors.New("no such token")
	ErrTokenExists = errors.New("token exists already")
	// ErrNoImport: the import is not known, or no longer open for writing.
	ErrNoImport = errors.New("no such import")
	// ErrNoRecord: no record of this number stands on the shelf (any more).
	ErrNoRecord = errors.New("no such record")
	// ErrShelfFull: a kind of record has as many as it may have.
	ErrShelfFull = errors.New("there are too many")
)

// LayoutError says that a file has another layout than this version reads.
type LayoutError struct {
	Found uint32 // in the file
	Known uint32 // the newest that this version reads
}

func (e *LayoutError) Error() string {
	return fmt.Sprintf("data file has layout %d, this version knows up to %d", e.Found, e.Known)
}

// Is makes errors.Is(err, ErrNewerLayout) work.
func (e *LayoutError) Is(target error) bool { return target == ErrNewerLayout }
