// Package tables folds what others have summed up already: tables of days, in
// which a row tells how many visitors, visits and pageviews a day had with some
// value. History comes in that way where no single hits are left to be folded.
//
// It owns the way from such rows to blocks: a row that links many facts is split
// into its single facts and into the pairs that are crossed, the floor is applied,
// and what tables do not agree on is settled (see settle) so that every number of
// the day can still be recomputed from the others (P12).
//
// It must never see a file or a format; whoever reads those gives it rows.
//
// Caveats. A table knows no hours: the days that come out have totals and no hour
// rows, and no links but those within a row. Visitors over several rows of one
// value are the sum of the rows, as they are in the product that made the table;
// the floor is therefore applied to the largest row, which is the number of
// visitors that certainly shared the link. Rows are kept until the end; their
// number is limited.
package tables
