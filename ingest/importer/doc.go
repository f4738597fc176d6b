// Package importer reads files that tell of visits, in three ways.
//
// Lines that tell of single hits (Importer): event lines of our own, the access
// logs of web servers, the exports of products that keep hits. Every line becomes a
// beacon and takes the way of a live one through ingest.Clerk, with the line's time
// as the clock. Follower does the same with a log that is being written, for the
// live day.
//
// Reports in which visits are added up already (Reports, GoatCounts): tables of
// Plausible, Matomo, Google Analytics and GoatCounter. Their rows go to package
// tables, which makes counters of them that can be recomputed.
//
// Our own export (Archive): blocks as they were stored.
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
// Exports of hits come in any order: they are held as a whole, up to twice that
// limit. Several files are read as one stream: give the oldest first (FirstTime
// helps). Of Umami's export the properties of events, which are in a table of their
// own, are left behind; GoatCounter's counts know visits of paths only.
package importer
