package ingest

import "github.com/valyala/fasthttp"

// Network is the network that a request comes from, as a number that says nothing
// about it: equal for one IPv4 address, and for one /64 of IPv6, under a key that
// is made when the process starts. It is for those who slow down whoever guesses
// passwords, and must not see addresses.
func (d *Door) Network(ctx *fasthttp.RequestCtx) uint64 {
	return networkOf(d.debug.seed, d.Address(ctx))
}
