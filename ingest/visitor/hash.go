package visitor

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"footfall/aggregate"
)

// Longer sites do not exist (aggregate.ParseSite); of longer agents only the
// beginning counts, so that the message has a bound and stays on the stack.
const (
	maxSite  = 256
	maxAgent = 1024
)

const blockSize = sha256.BlockSize

// hash is HMAC-SHA-256 (RFC 2104) under the salt, cut to the size of a Visitor,
// of this message:
//
//	uint16   length of site (big endian, as all lengths here), site
//	uint16   16, address as 16 bytes, IPv4 as ::ffff:a.b.c.d, zone dropped
//	uint16   length of agent, agent
func hash(salt []byte, site aggregate.Site, addr netip.Addr, agent []byte) (v aggregate.Visitor) {
	var inner [blockSize + 2 + maxSite + 2 + 16 + 2 + maxAgent]byte
	pad(inner[:blockSize], salt, 0x36)
	message := appendMessage(inner[:blockSize], site, addr, agent)
	digest := sha256.Sum256(message)

	var outer [blockSize + sha256.Size]byte
	pad(outer[:blockSize], salt, 0x5c)
	copy(outer[blockSize:], digest[:])
	digest = sha256.Sum256(outer[:])

	wipe(message)
	wipe(outer[:])
	copy(v[:], digest[:])
	return v
}

// Idle costs what a visitor's hash costs, and tells nobody anything: for beacons
// that are refused, but must be answered no sooner than others.
func Idle(site aggregate.Site, addr netip.Addr, agent []byte) {
	var known [SaltSize]byte
	hash(known[:], site, addr, agent)
}

func pad(block, salt []byte, with byte) {
	for i := range block {
		block[i] = with
	}
	for i, b := range salt {
		block[i] ^= b
	}
}

func appendMessage(dst []byte, site aggregate.Site, addr netip.Addr, agent []byte) []byte {
	site = site[:min(len(site), maxSite)]
	agent = agent[:min(len(agent), maxAgent)]
	ip := addr.As16()
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(site)))
	dst = append(dst, site...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(ip)))
	dst = append(dst, ip[:]...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(agent)))
	return append(dst, agent...)
}

// wipe is a call of its own so that no compiler finds its stores to be dead.
//
//go:noinline
func wipe(b []byte) { clear(b) }
