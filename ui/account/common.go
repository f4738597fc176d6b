package account

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./build

// commonPasswords are those that turn up most in breaches, in lower case, each
// between two line ends. They are from @zxcvbn-ts/language-common (MIT).
//
//go:embed common.txt.zst
var commonPasswords []byte

// distinctLeast is how many different characters a password has at least.
const distinctLeast = 5

// common reports whether a password is one of those that are tried first: a
// breached one, one with a few digits or signs around it, or one of hardly any
// different characters. The list is unpacked each time, which takes milliseconds
// and holds no memory.
func common(password string) bool {
	password = strings.ToLower(password)
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	if len(distinct) < distinctLeast {
		return true
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err) // no option of ours can be wrong
	}
	defer unpacker.Close()
	list, err := unpacker.DecodeAll(commonPasswords, nil)
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	words := string(list)
	has := func(word string) bool {
		return !strings.Contains(word, "\n") && strings.Contains(words, "\n"+word+"\n")
	}
	const ornaments = "0123456789!?.,-_*#$@ "
	core := strings.Trim(password, ornaments)
	half := core[:len(core)/2] // "dragondragon"
	return has(password) ||
		utf8.RuneCountInString(core) >= utf8.RuneCountInString(password)-5 && has(core) ||
		half+half == core && has(half)
}
