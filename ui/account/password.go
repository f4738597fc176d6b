package account

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost is what hashing one password takes.
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes over it
	Threads uint8
}

// DefaultCost is the one that OWASP recommends for argon2id: 19 MiB, two passes,
// about 25 ms. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
var DefaultCost = Cost{Memory: 19 << 10, Time: 2, Threads: 1}

const (
	saltSize = 16
	hashSize = 32
	// waitingAtMost is how many may wait for a seat at the hasher: beyond it people
	// are asked to come back, so that a flood of guesses is no queue of minutes.
	waitingAtMost = 60
)

// hasher hashes passwords, on half of the processors at most: the others count
// visitors.
type hasher struct {
	cost    Cost
	random  io.Reader
	seats   chan struct{}
	waiting atomic.Int32
}

func newHasher(cost Cost, random io.Reader) *hasher {
	return &hasher{cost: cost, random: random, seats: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

func (h *hasher) key(password string, salt []byte, c Cost, size uint32) []byte {
	h.waiting.Add(1)
	h.seats <- struct{}{}
	h.waiting.Add(-1)
	defer func() { <-h.seats }()
	return argon2.IDKey([]byte(password), salt, c.Time, c.Memory, c.Threads, size)
}

// crowded reports whether too many wait already.
func (h *hasher) crowded() bool { return h.waiting.Load() >= waitingAtMost }

// hash is the password's hash in PHC form, with its salt and cost.
func (h *hasher) hash(password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("salt for a password: %w", err)
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.Memory, h.cost.Time, h.cost.Threads,
		b64(salt), b64(h.key(password, salt, h.cost, hashSize))), nil
}

// matches reports whether a password is the one that was hashed. A blank or
// damaged hash matches nothing, after the same work.
func (h *hasher) matches(password, phc string) bool {
	cost, salt, want, err := parsePHC(phc)
	if err != nil {
		h.key(password, make([]byte, saltSize), h.cost, hashSize)
		return false
	}
	return subtle.ConstantTimeCompare(h.key(password, salt, cost, uint32(len(want))), want) == 1
}

var errPHC = errors.New("not an argon2id hash in PHC form")

// parsePHC reads what hash writes. Costs beyond reason are refused: they would
// come from damage, and take the machine down.
func parsePHC(s string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil ||
		c.Memory < 8 || c.Memory > 1<<20 || c.Time < 1 || c.Time > 100 || c.Threads < 1 {
		return c, nil, nil, errPHC
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return c, nil, nil, errPHC
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}

// Lengths of passwords, in characters. There are no rules of composition: they
// make passwords worse (NIST SP 800-63B-4, 3.1.1.2).
const (
	PasswordLeast = 10
	PasswordMost  = 256
)

// ErrPassword is returned for a password that may not be used; it is one of the
// others, which say why.
var (
	ErrPassword = errors.New("password")
	ErrShort    = fmt.Errorf("%w: too short; take at least %d characters", ErrPassword, PasswordLeast)
	ErrLong     = fmt.Errorf("%w: longer than %d characters", ErrPassword, PasswordMost)
	ErrOwnName  = fmt.Errorf("%w: it is the mail address", ErrPassword)
	ErrCommon   = fmt.Errorf("%w: it is among those that everybody tries first", ErrPassword)
)

// checkPassword refuses passwords that would be guessed.
func checkPassword(password, email string) error {
	n := utf8.RuneCountInString(password)
	name, _, _ := strings.Cut(email, "@")
	switch {
	case n < PasswordLeast:
		return ErrShort
	case n > PasswordMost:
		return ErrLong
	case strings.EqualFold(password, email) || strings.EqualFold(strings.TrimRight(password, "0123456789!"), name):
		return ErrOwnName
	case common(password):
		return ErrCommon
	}
	return nil
}
