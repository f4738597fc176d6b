// Package importer reads files that tell of visits: event lines of our own and
// the access logs of web servers. Every line becomes a beacon and takes the way
// of a live one through ingest.Clerk, with the line's time as the clock.
//
// It owns the formats, the order (30 minutes of file time are held and sorted
// before anything is handed on) and the account of what became of each line. The
// site's counters, the salts of the import and the files are the caller's.
//
// It must never see the database, and keeps an address or a user agent no longer
// than the 30 minutes of file time, in memory.
//
// Caveats. The held lines are limited in bytes (Options.HoldBytes). Where a file
// is denser than that, the earliest are handed on early, and lines that turn up
// behind them are dropped as late although they are within the 30 minutes.
// Several files are read as one stream: give the oldest first (FirstTime helps).
package importer
