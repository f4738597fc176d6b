package snippet

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
)

//go:embed dist
var dist embed.FS

// encoding is a form in which a build is kept.
type encoding int

const (
	plain encoding = iota
	gzipped
	brotlied
	encodings
)

// Names as in the Content-Encoding header, and what marks the form in files and
// validators.
var (
	contentEncoding = [encodings]string{"", "gzip", "br"}
	suffix          = [encodings]string{"", ".gz", ".br"}
)

// script is one build, ready to be sent.
type script struct {
	body [encodings][]byte
	etag [encodings]string
	hash string // of the plain text, 16 hex digits
	sri  string
}

func load(name string) *script {
	s := new(script)
	for form := range encodings {
		body, err := dist.ReadFile("dist/" + name + suffix[form])
		if err != nil {
			panic("BUG: build missing, run go generate: " + err.Error())
		}
		s.body[form] = body
	}
	s.seal()
	return s
}

// seal works out what identifies the text.
func (s *script) seal() {
	short, long := sha256.Sum256(s.body[plain]), sha512.Sum384(s.body[plain])
	s.hash = hex.EncodeToString(short[:8])
	s.sri = "sha384-" + base64.StdEncoding.EncodeToString(long[:])
	for form := range encodings {
		s.etag[form] = `"` + s.hash + strings.Replace(suffix[form], ".", "-", 1) + `"`
	}
}

// Parts that change the file. The others that an old name may carry are in every
// file and on by default.
const (
	withHash = 1 << iota
	withLocal
	withManual
	variants
)

// partsOfNames are the words that old installations put between "script.", or
// earlier "plausible.", and ".js", in any order and number.
var partsOfNames = map[string]int{
	"hash": withHash, "local": withLocal, "manual": withManual,
	"outbound-links": 0, "file-downloads": 0, "tagged-events": 0, "revenue": 0,
	"pageview-props": 0, "compat": 0, "exclusions": 0,
}

// initBuild is for pa-*.js, builds by their parts for all other names; immutable
// after start.
var initBuild = load("init.js")

var builds = func() (all [variants]*script) {
	for parts := range all {
		name := "script"
		for bit, word := range []string{"hash", "local", "manual"} {
			if parts&(1<<bit) != 0 {
				name += "." + word
			}
		}
		all[parts] = load(name + ".js")
	}
	return all
}()

var (
	hashedName = regexp.MustCompile(`^script\.([0-9a-f]{16})\.js$`)
	initName   = regexp.MustCompile(`^pa-[A-Za-z0-9_-]{1,64}\.js$`)
)

// maxNameSize is more than all parts together need.
const maxNameSize = 200

// find returns the build that a file name stands for, and whether the name
// contains the build's own hash, so that its content can never change.
func find(name string) (s *script, fixed bool) {
	switch {
	case len(name) > maxNameSize:
		return nil, false
	case name == "script.js", name == "plausible.js":
		return builds[0], false
	case name == optOutName:
		return optOut(), false
	case initName.MatchString(name):
		return initBuild, false
	}
	if m := hashedName.FindStringSubmatch(name); m != nil {
		// A name from before an upgrade gets today's script: a page that pinned the
		// name but not the content goes on counting.
		return builds[0], m[1] == builds[0].hash
	}
	middle, js := strings.CutSuffix(name, ".js")
	before, middle, _ := strings.Cut(middle, ".")
	if !js || before != "script" && before != "plausible" || middle == "" {
		return nil, false
	}
	parts := 0
	for word := range strings.SplitSeq(middle, ".") {
		bits, known := partsOfNames[word]
		if !known {
			return nil, false
		}
		parts |= bits
	}
	return builds[parts], false
}

// Versioned returns a path below which this very script is served for good, and
// the hash for the tag's integrity attribute. Both change with the script.
func Versioned() (path, integrity string) {
	return "/js/script." + builds[0].hash + ".js", builds[0].sri
}
