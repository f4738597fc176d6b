package visitor

import (
	"fmt"
	"io"
	"log/slog"
)

// What printers, loggers and encoders get to see of a type that holds salts.
const silent = "salts"

// String does not tell.
func (*Salts) String() string { return silent }

// GoString does not tell.
func (*Salts) GoString() string { return silent }

// Format does not tell, whatever the verb.
func (*Salts) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, silent) }

// LogValue does not tell.
func (*Salts) LogValue() slog.Value { return slog.StringValue(silent) }

// MarshalJSON does not tell.
func (*Salts) MarshalJSON() ([]byte, error) { return []byte(`"` + silent + `"`), nil }

// MarshalText does not tell.
func (*Salts) MarshalText() ([]byte, error) { return []byte(silent), nil }

// Format keeps a single salt, the map's values included, from being printed.
func (*salt) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, silent) }

// Format keeps the pages from being printed.
func (*vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, silent) }
