// Package fold turns the hits of one site into visits, and visits into counters.
//
// A Day is one site-local day in memory: tables of visitors, visits and events
// without pointers (a million visitors of three pages take some 200 MB and cost
// the garbage collector nothing), a dictionary per dimension, and a counter cell
// for every value. Days strings a site's open days together, so that a visit
// that crosses midnight stays one visit.
//
// One rule makes the counters right: they are at all times the sum of what each
// visitor gives. A hit takes back what its visitor gave (weigh with -1), changes
// the visitor's records, and gives anew (weigh with +1). Whatever the order in
// which hits arrive, whatever late event joins two visits, there is no second
// way in which a counter changes.
//
// Nothing here is safe for concurrent use; live holds the locks. Nothing here
// reads a clock: time comes in with each hit. The fold is deterministic: the same
// hits in the same order make the same day, byte for byte.
//
// Visitors (hashes) live here and in the snapshot, which its writer must keep in
// memory. They never reach a Block.
package fold
