package aggregate

// MaxGlob is the longest pattern of a path, in bytes.
const MaxGlob = 500

// MatchGlob matches a path with a pattern, in which "*" is anything but "/" and
// "**" is anything. All ways through the pattern are followed at once, so that it
// takes no more steps than the product of both lengths, whatever anybody sends.
func MatchGlob(glob, path string) bool {
	if len(glob) > MaxGlob {
		return false
	}
	here := ways{first: len(glob) + 1}
	here.enter(glob, 0)
	for i := 0; i < len(path) && here.first <= here.last; i++ {
		next := ways{first: len(glob) + 1}
		for at := here.first; at <= here.last; at++ {
			switch {
			case !here.at[at] || at == len(glob):
			case glob[at] == '*':
				if path[i] != '/' || starsEnd(glob, at) > at+1 {
					next.enter(glob, at)
				}
			case glob[at] == path[i]:
				next.enter(glob, at+1)
			}
		}
		here = next
	}
	return here.at[len(glob)]
}

// ways are the places in a pattern that its match may have come to.
type ways struct {
	at          [MaxGlob + 1]bool
	first, last int // of the true ones
}

// enter notes a place, and those behind stars, which may stand for nothing.
func (w *ways) enter(glob string, at int) {
	for {
		w.at[at] = true
		w.first, w.last = min(w.first, at), max(w.last, at)
		if at == len(glob) || glob[at] != '*' {
			return
		}
		at = starsEnd(glob, at)
	}
}

// starsEnd is the place behind the stars that begin at a place.
func starsEnd(glob string, at int) int {
	for at < len(glob) && glob[at] == '*' {
		at++
	}
	return at
}
