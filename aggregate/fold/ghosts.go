package fold

// ghosts remember what was swept into (other): a value that comes again and again
// under a flood of made-up ones, but too seldom to be seen twice between two
// sweeps, is known when it returns, and outranks those that came once.
//
// Values are kept as 24 bits of their hash with a weight of up to 255, in one of
// four places. The lightest makes room, so what was made up goes first. A table
// takes 512 KiB, is made at a dimension's first sweep, and is not part of a
// snapshot: without it the next sweeps only see less far back.
type ghosts struct{ places [][ghostWays]uint32 }

const (
	ghostSets = 1 << 15
	ghostWays = 4
)

func newGhosts() *ghosts { return &ghosts{make([][ghostWays]uint32, ghostSets)} }

// find is the value's set, and the mark that it has there.
func (g *ghosts) find(s string) (set *[ghostWays]uint32, mark uint32, any int) {
	// FNV-1a, the same in every process: the fold is deterministic.
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 29
	return &g.places[h%ghostSets], uint32(h>>40) << 8, int(h >> 16 % ghostWays)
}

// remember adds to the weight of a value that is swept.
func (g *ghosts) remember(s string, weight int64) {
	set, mark, any := g.find(s)
	lightest := any
	for i := range set {
		way := (any + i) % ghostWays
		if one := set[way]; one != 0 && one&^0xff == mark {
			set[way] = mark | uint32(min(int64(one&0xff)+weight, 0xff))
			return
		}
		if set[way]&0xff < set[lightest]&0xff {
			lightest = way
		}
	}
	if weight = min(weight, 0xff); weight > 0 {
		set[lightest] = mark | uint32(weight)
	}
}

// recall is the weight of a value that was swept; 0 where nobody remembers it.
func (g *ghosts) recall(s string) int64 {
	set, mark, _ := g.find(s)
	for _, one := range set {
		if one != 0 && one&^0xff == mark {
			return int64(one & 0xff)
		}
	}
	return 0
}
