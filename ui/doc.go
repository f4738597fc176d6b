// Package ui is what people read the counters with: the dashboard. Programs have
// ui/api.
//
// It owns the pages, their assets (embedded, no build step, nothing from another
// host), the figures' wording, and the lock on the door: who gets in where stands in
// one table, matrix, by which the router itself decides, and what a reader may do
// is answered by one function, reader.may. Accounts are in package account. Guests
// by a secret link, and strangers where figures are public, meet a dashboard of
// their own that knows one site and asks through a narrowed Asker (share.go,
// public.go).
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
