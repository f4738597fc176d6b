// Package ingest is the front door. What a browser, a server or a log file says
// about a visit comes in here, is read, judged, and leaves as an aggregate.Hit.
//
// It owns the wire formats and their limits, the client's address and the
// proxies that may speak for it, the opt-out, the reasons for which a beacon is
// dropped, and what is made of a page's address: path, masked where it holds
// what names a person, and campaign tags. Its sub-packages own one thing each:
//
//   - visitor: the salts, and the hash in which address and user agent end;
//   - agent: browser, system, device, and which agents are no people;
//   - geo: the place of an address;
//   - source: where a visit came from;
//   - spam: hosts from which nobody ever came;
//   - importer: logs and event files, which take the same way as live beacons.
//
// There are several doors to the same way: POST /api/event and the pixel, those of
// GoatCounter's and Umami's scripts (goatcounter.go, umami.go), and that of back
// ends with a token, which alone may say whom they speak for (told.go). What the
// script tells raw of clicks and forms gets its name in element.go.
//
// The way of a beacon: Door (HTTP) finds the caller and reads the body into a
// Ticket; Clerk, which knows no transport, judges the ticket for one site and
// fills its Hit; the Sink counts it.
//
// Nobody is let in unnamed or kept out unnamed: each refusal has a reason (Clerk's
// constants), with a detail where that helps the owner (the bot, the host), told
// to the sender and put into the ledger. Objectors are told, and put nowhere. What
// is bounded: bodies and headers (server.go), connections (peers.go), beacons of a
// network (rate.go) and of a visitor (pace.go).
//
// It must never see the database or HTML, never reads a cookie, and never logs an
// address, a user agent, a page's address or a visitor.
//
// Memory. Request bytes belong to the server, a Ticket's bytes to the pool. All
// strings of a Hit point into them: they are borrowed until Sink.Hit returns, and
// nothing in this package keeps one longer.
package ingest
