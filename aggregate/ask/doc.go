// Package ask answers queries: from the stored blocks of days that are over, and
// from memory for the days that are still open.
//
// It owns what can be asked. Counters of closed days link at most two facts, so
// a query about such a day names at most two (facts that contain each other, as a
// city its country, are one); a query about open days alone names any number.
// What cannot be answered is refused with a sentence (Refusal), never answered
// wrongly; what is known only within bounds is marked and explained.
//
// It must never see a hit or a visitor: it reads counters. It has no clock and no
// store of its own; both are handed in.
//
// Caveats. Visitors over several days are the sum of the days, with those counted
// once whose visit crossed midnight. A report is made from several reads; when a
// day opens or closes in between, it is made again. Sums of closed days are
// cached: whoever writes a closed day must call Invalidate afterwards.
package ask
