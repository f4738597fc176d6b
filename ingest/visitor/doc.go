// Package visitor turns an address and a user agent into an aggregate.Visitor,
// and is the place where both of them end. It owns the salts that this takes.
//
// A salt is 32 random bytes, one per site and site-local day. It is made when
// the day's first beacon arrives, and overwritten with zeros Grace after the day
// is over; from then on nobody, the operator included, can tell which visitors
// of that day were which address. Until then it lives in memory that is locked
// (never swapped) and left out of core dumps, and, if a Store is given, in the
// volatile memory that the Store keeps beyond the process.
//
// The hash is HMAC-SHA-256 over length-prefixed fields, cut to 128 bits. It is
// put together here from two passes of the standard library's SHA-256, because
// crypto/hmac keeps the key, and states that are as good as the key, on the
// ordinary heap, where they can be neither locked nor overwritten. A test holds
// it against crypto/hmac. So nothing that is derived from a salt outlives a call.
//
// The package logs nothing, and no type in it that holds a salt can be printed.
// It must never see a request, a file or the counters.
//
// Caveats. For the length of a call the padded key is on the caller's stack,
// which is not locked; it is overwritten before the call returns. Where the
// system refuses to lock memory the salts work as before, and Status says so.
package visitor
