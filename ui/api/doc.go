// Package api is what programs read the counters with: the stats API in the form
// that Plausible's clients speak, the sites API that makes and changes sites and
// goals, and the drop ledger.
//
// It owns the paths below /api/ that are not beacons, the wording of their
// questions and answers, and their errors. Whoever asks shows a token in the
// Authorization header; one in an address is never read: addresses end up in
// histories and logs. Whatever is answered is JSON.
//
// It asks through Asker and must never see a hit, a visitor, a salt or the
// database, and knows nothing of the dashboard.
package api
