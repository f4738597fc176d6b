// Package ui is what people read the counters with: the dashboard. Programs have
// ui/api.
//
// It owns the pages, their assets (embedded, no build step, nothing from another
// host), the figures' wording, and the lock on the door: until there are
// accounts, a reader is let in from this machine or with a token (see Access).
// The opt-out page alone is open to everybody: it is for the sites' visitors.
//
// It asks its questions through Asker and must never see a hit, a visitor, a
// salt or the database. What it prints was typed by strangers: paths, referrers
// and tags reach a page only through html/template, and the content security
// policy allows no inline script or style, so that a mistake there still
// executes nothing.
//
// Caveats: every figure is what counters can know. Visitors over several days
// are the sum of the days, and the page says so where it shows them.
package ui
