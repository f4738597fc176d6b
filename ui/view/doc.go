// Package view is what a site's page shows: period, comparison, filters, figure,
// opened reports. An address holds all of it, so that a link, the back button and
// a reload lead to the same page.
//
// It owns the words of that address, their bounds, and what they mean as days and
// as questions to the counters. It is pure: no clock, no network, no text for
// people. What an address says and nobody understands is left out and reported
// (View.Unread), never an error: a link from another release still opens.
package view
