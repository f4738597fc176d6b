// Package notify tells the team what happened on its sites: reports of a week or a
// month, and alerts when many visitors come or hardly any, by mail or to a hook of
// a chat.
//
// It owns when something is due, what it says, and how it travels. It asks its
// questions as the dashboard does and never sees a hit or a visitor.
//
// This is the one part of the server that talks to others by itself, and only to
// those whom the team has named (P8): without an SMTP server no mail is sent,
// without a notice no hook is called. Hooks lead to the public internet only,
// unless the operator allows others: a notice must not become a way to reach what
// stands beside the server.
//
// # Once, and not twice
//
//  1. A notice is due: its time has come and it has not been told (Notice.Told).
//  2. Told is written down.
//  3. It is sent. Where that fails, Told is put back, and it is tried again later.
//
// A crash between 2 and 3 loses a notice; no crash doubles one.
package notify
