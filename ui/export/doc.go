// Package export writes what is stored of a site as files for people and for other
// programs: the JSON document of package archive, which loses nothing, a zip of
// CSV tables of everything, and the CSV zip that Plausible exports and imports.
//
// It owns the formats. It must never see the database, hits, or what is not stored
// yet: an export holds what a backup would hold, so that two exports made a moment
// apart tell no more than two backups do (P5). What it writes is the same for the
// same data.
//
// # What Plausible's tables lose
//
// Exact for every range of whole days are the totals, and per value visits,
// pageviews, bounces and durations. A visit across midnight, and its visitor, are
// told on the day on which it began. Lost are
//
//   - hours; links of two facts, and with them filters over past days;
//   - the channel of tagged visits: a source is told with its referrer and without
//     tags, each tag alone in a row of its own, as no more than two facts are linked
//     in the database; a program that adds up all rows of the sources counts tagged
//     visits once more for each tag;
//   - how many visitors have no tag: at least those whom no tag accounts for; how many
//     have seen a page at all: all visitors are taken to have;
//   - the hosts of a day that has pages of several; languages, funnels, goals, page
//     transitions, search terms and revenue;
//   - the visitors of a country that has several regions or cities: they are told
//     per city; names of places;
//   - milliseconds: durations are told in seconds;
//   - events without a visit's facts; visits to which an event belongs;
//   - how much a cap cut: "(other)" is a value like others there.
package export
