package aggregate

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Money is an amount in thousandths of a site's currency: no currency has more
// than three decimals that are paid with. It is never negative.
//
// One event brings MaxAmount at most, and a day MaxRevenue, beyond which amounts
// are refused: sums over 9,000 days of nothing else still fit.
type Money int64

// Bounds of amounts.
const (
	MaxAmount  Money = 1_000_000_000_000     // a billion units
	MaxRevenue Money = 1_000_000_000_000_000 // a trillion units a day
	moneyUnit        = 1_000                 // Money of one unit
	rateUnit         = 1_000_000_000         // Rate.Nano of 1
	maxRate          = 1_000_000 * int64(rateUnit)
)

// Rate is what one unit of a currency is worth in the site's, in billionths.
type Rate struct {
	Currency string `json:"currency"` // ISO 4217
	Nano     int64  `json:"nano"`
}

// String is "USD=0.92".
func (r Rate) String() string {
	text := strconv.FormatInt(r.Nano/rateUnit, 10)
	if rest := r.Nano % rateUnit; rest != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%09d", rest), "0")
	}
	return r.Currency + "=" + text
}

// ParseCurrency reads a code of ISO 4217, in any case. ok is false for a text
// that is none.
func ParseCurrency(text string) (code string, ok bool) {
	if len(text) != 3 {
		return "", false
	}
	upper := true
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z':
			upper = false
		case c < 'A' || c > 'Z':
			return "", false
		}
	}
	if upper {
		return text, true
	}
	return strings.ToUpper(text), true
}

// ParseAmount reads a decimal number such as 12, 12.5 or 1.25e3, in millionths.
// ok is false for what is none, for negative ones and for more than MaxAmount.
func ParseAmount(text string) (micros int64, ok bool) {
	d, ok := parseDecimal(text)
	if !ok {
		return 0, false
	}
	micros, ok = d.scaled(6)
	return micros, ok && micros <= int64(MaxAmount)/moneyUnit*1_000_000
}

// NoCurrency as a site's currency: its owner does not want amounts counted.
const NoCurrency = "none"

// firstCurrency is what a site's currency is called until an amount has come.
const firstCurrency = "first"

// Earns reports whether amounts are counted: the site has a currency.
func (s *Settings) Earns() bool { return s.Currency != "" && s.Currency != NoCurrency }

// CurrencyText is the setting as its owner reads it.
func (s *Settings) CurrencyText() string { return listOr(firstCurrency, single(s.Currency)) }

// Convert turns millionths of a currency into the site's. ok is false where the
// site has no currency or no rate for this one, or the amount is beyond MaxAmount.
func (s *Settings) Convert(micros int64, currency string) (m Money, ok bool) {
	nano := int64(rateUnit)
	if currency != s.Currency || currency == "" {
		i := slices.IndexFunc(s.Rates, func(r Rate) bool { return r.Currency == currency })
		if i < 0 || !s.Earns() {
			return 0, false
		}
		nano = s.Rates[i].Nano
	}
	// Money is millionths times rate, over a thousand and a billion, rounded.
	const divisor = moneyUnit * rateUnit
	hi, lo := bits.Mul64(uint64(micros), uint64(nano))
	lo, carry := bits.Add64(lo, divisor/2, 0)
	if hi += carry; hi >= divisor {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, divisor)
	return Money(q), q <= uint64(MaxAmount)
}

// decimal is digits times ten to the power of exp.
type decimal struct {
	digits uint64
	exp    int
}

// maxDecimal is the longest number that is read.
const maxDecimal = 40

func parseDecimal(text string) (d decimal, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxDecimal {
		return d, false
	}
	text = strings.TrimPrefix(text, "+")
	mantissa, power := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, power = text[:i], text[i+1:]
		n, err := strconv.Atoi(power)
		if err != nil || n < -maxDecimal || n > maxDecimal {
			return d, false
		}
		d.exp = n
	}
	seen, point := false, false
	for i := range len(mantissa) {
		c := mantissa[i]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
			return d, false
		}
		seen = true
		if d.digits > (1<<63)/10-1 { // further digits are too fine, or make it too large
			if !point {
				d.exp++
			}
			continue
		}
		d.digits = d.digits*10 + uint64(c-'0')
		if point {
			d.exp--
		}
	}
	return d, seen
}

// scaled is the number times ten to the power of n, rounded. ok is false where
// that does not fit.
func (d decimal) scaled(n int) (int64, bool) {
	v, exp := d.digits, d.exp+n
	for ; exp > 0 && v != 0; exp-- {
		if v > (1<<63-1)/10 {
			return 0, false
		}
		v *= 10
	}
	half := false
	for ; exp < 0 && (v != 0 || half); exp++ {
		half = v%10 >= 5
		v /= 10
	}
	if half {
		v++
	}
	return int64(v), v < 1<<63
}

func setCurrency(s *Settings, value string) error {
	if value == firstCurrency {
		s.Currency = ""
		return nil
	}
	if none(value) {
		s.Currency = NoCurrency
		return nil
	}
	code, ok := ParseCurrency(value)
	if !ok {
		return fmt.Errorf("%q is no currency code of three letters, such as EUR; first and none are accepted too", value)
	}
	s.Currency = code
	return nil
}

// maxRates is more than there are currencies.
const maxRates = 200

func setRates(s *Settings, value string) error {
	if none(value) {
		s.Rates = nil
		return nil
	}
	texts, err := entries(value)
	if err != nil {
		return err
	}
	if len(texts) > maxRates {
		return fmt.Errorf("at most %d rates, not %d", maxRates, len(texts))
	}
	var rates []Rate
	for _, text := range texts {
		currency, number, _ := strings.Cut(text, "=")
		code, ok := ParseCurrency(strings.TrimSpace(currency))
		d, isNumber := parseDecimal(number)
		nano, fits := d.scaled(9)
		if !ok || !isNumber || !fits || nano <= 0 || nano > maxRate {
			return fmt.Errorf("%q is no rate; want what one unit is worth in the site's currency, such as USD=0.92", text)
		}
		if slices.ContainsFunc(rates, func(r Rate) bool { return r.Currency == code }) {
			return fmt.Errorf("%s has two rates", code)
		}
		rates = append(rates, Rate{code, nano})
	}
	s.Rates = rates
	return nil
}

func ratesText(s *Settings) string {
	var texts []string
	for _, r := range s.Rates {
		texts = append(texts, r.String())
	}
	return listOr("none", texts)
}

// NoProperties in Settings.Properties, alone, lets no key of an event's
// properties count.
const NoProperties = "none"

func setProperties(s *Settings, value string) error {
	switch value {
	case "any", "":
		s.Properties = nil
		return nil
	case NoProperties, "off":
		s.Properties = []string{NoProperties}
		return nil
	}
	keys, err := entries(value)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if len(key) > maxGoalText || hasControl(key) {
			return fmt.Errorf("%q is too long for a key, or has control characters", key)
		}
	}
	s.Properties = keys
	return nil
}

// builtInKeys are the properties that trackers send with the events they know.
var builtInKeys = []string{"path", "url"}

// AllowsProperty reports whether properties of this key count.
func (s *Settings) AllowsProperty(key string) bool {
	return len(s.Properties) == 0 || slices.Contains(builtInKeys, key) ||
		s.Properties[0] != NoProperties && slices.Contains(s.Properties, key)
}

func setSearchKey(s *Settings, value string) error {
	if none(value) {
		s.SearchKey = ""
		return nil
	}
	if len(value) > 50 || strings.ContainsFunc(value, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune("&=#?%+", r)
	}) {
		return errors.New("want the one query key that your site's search uses, such as q")
	}
	s.SearchKey = value
	return nil
}
