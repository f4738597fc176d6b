// Package live owns the open days of all sites, from a hit's arrival to the close
// of its day.
//
// The live day in memory is the truth; what lasts is its projection:
//
//  1. Hit appends the hit to the journal, then folds it. Nothing on this way
//     waits for a disk.
//  2. Commit writes the counters of days that changed to the blocks, as absolute
//     values, in one transaction for all sites; of a site only when at least its
//     floor of visitors changed since its last commit (P5).
//  3. Checkpoint writes the records of all open days to the memory state and lets
//     go of the journal before it.
//  4. Restore reads the newest checkpoint and replays the journal after it, which
//     gives back exactly the open days (P9).
//  5. Close turns a day that has ended into its last blocks, links of two facts
//     included, and destroys its visitors.
//
// Without a memory state (Journal is nil, or failed) a day goes on from its
// stored counters after a restart; its visitors are forgotten and the day says so.
//
// The package is pure: journal, checkpoints, blocks and time are handed in.
package live
