// Package aggregate is the language that every room of the house speaks, and
// nothing else: sites and their days, hits and the facts they carry, the
// counters, the blocks in which counters last, queries and reports.
//
// Its sub-packages do the work in that language:
//
//   - fold turns hits into visits and visits into counters, one day at a time;
//   - live owns the open days of all sites: it journals, folds, commits and closes them;
//   - ask answers queries from stored blocks and open days.
//
// The whole tree below here is pure. It imports the standard library only, has
// no clock, opens no file and no socket; what it needs from outside (a journal,
// a place for blocks, the time) is handed in through small interfaces that stand
// with their consumer.
//
// It must never see an IP address or a user agent. A Visitor is all that is left
// of them, and a Visitor never leaves memory.
package aggregate
