// Package storage owns what lasts: the one bbolt file in the data directory. It
// keeps blocks of counters, the records of sites, tokens and imports, and knows
// how to check, audit, compact, back up and restore the file.
//
// It must never see HTTP, a user agent, an address, a visitor or a salt. What
// comes in are counters that belong to nobody.
//
// # Layout
//
// The data directory has mode 0700, the file in it ("footfall.db") 0600. Layout
// version 1 has these buckets; integers in keys are big-endian so that bbolt's
// order of bytes is their order:
//
//	bucket   key                                              value
//	meta     "layout"                                         layout version, 4 bytes
//	         "id"                                             database id, 16 random bytes, not secret
//	         "commit"                                         number of the last commit, 8 bytes
//	sites    site id, 4 bytes (never reused)                  siteRecord as JSON
//	imports  import id, 4 bytes (never reused)                importRecord as JSON
//	tokens   SHA-256 of the token, 32 bytes                   tokenRecord as JSON
//	SHELF    number, 4 bytes (never reused)                   a record as JSON; one bucket for each Shelf
//	blocks   site id 4, import id 4, span 1, A 1, B 1, day 4  a block (AppendBlock) or a pack (appendPack)
//
// The span of a block key is 1 for a day, 2 for a month, and 0 for a pack: the
// blocks of several days of one month, which compaction puts together. A day's
// own block outdates the one in the pack; an own block without rows removes it.
// The day of months and packs is the first of the month. Days have their sign bit
// flipped, so that those before 1970 sort first. The key order puts all days of
// one (site, import, span, A, B) next to each other: a query reads one stretch of
// the file, or two.
//
// # Caveats
//
// bbolt writes changed pages to new places; the old content stays in free pages
// until these are reused. Compact and Backup make files without old content.
// Nothing may ever be written here that must not be found in a free page.
//
// A bbolt read transaction must not be held while calling out: callbacks of this
// package run outside of transactions and may call the DB again.
package storage
