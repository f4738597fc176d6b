package importer

import (
	"bytes"
	"errors"
	"strings"

	"footfall/aggregate"
	"footfall/ingest"
)

// HeadSize is how much of a file's beginning Detect likes to see.
const HeadSize = 64 << 10

// tryLines is how many lines of it are tried.
const tryLines = 50

// Detect finds out the format of a file by its name and its beginning, unpacked.
// ok is false where no format reads half of its lines.
func Detect(name string, head []byte) (f Format, ok bool) {
	if GoatOrder(name) >= 0 {
		return GoatCounter, true
	}
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte(`{"format":"footfall"`)) {
		return Footfall, true
	}
	rows := newCSVReader(unicodeReader(bytes.NewReader(head)))
	header, err := rows.next()
	for err == nil && strings.HasPrefix(header[0], "#") {
		header, err = rows.next()
	}
	if err == nil {
		r := &hitsReader{}
		if r.begin([]byte(rows.record.String())) {
			return hitsFormat(r.heads[0]), true
		}
		for _, f := range ReportFormats() {
			if s := sheetFor(f, name, header); s != nil && len(header) > 1 {
				return f, true
			}
		}
	}
	if at := bytes.LastIndexByte(head, '\n'); at >= 0 && len(head) >= HeadSize {
		head = head[:at] // the last line may be cut
	}
	if bytes.HasPrefix(head, []byte("#")) {
		if bytes.Contains(head, []byte("x-edge-")) {
			return CloudFront, true
		}
		if bytes.Contains(head, []byte("#Fields:")) {
			return IIS, true
		}
		return "", false
	}
	best := 0
	for _, candidate := range Formats() {
		if candidate.isCSV() {
			continue
		}
		if n := readable(candidate, head); n > best {
			f, best = candidate, n
		}
	}
	return f, best > 0
}

// readable is how many of the first lines a format reads; 0 for less than half.
func readable(f Format, head []byte) (good int) {
	settings := aggregate.DefaultSettings()
	format, err := newReader(f, "unnamed.example", &settings)
	if err != nil {
		return 0
	}
	lines, ticket, who, all := newLineReader(bytes.NewReader(head)), new(ingest.Ticket), new(ingest.Caller), 0
	ticket.Fallback = "unnamed.example"
	for all < tryLines {
		line, err := lines.next()
		if err != nil && !errors.Is(err, errLongLine) {
			break
		}
		if len(line) == 0 {
			continue
		}
		all++
		*who = ingest.Caller{}
		if _, err = format.read(ticket, who, line); err == nil && !who.At.IsZero() {
			good++
		}
	}
	if 2*good < all {
		return 0
	}
	return good
}

// IsTable reports whether a file of a zip may hold a table or lines: what else lies
// there (notes, folders, system files) is left alone.
func IsTable(name string) bool {
	base := baseName(name)
	if base == "" || strings.HasPrefix(base, ".") || strings.HasPrefix(name, "__MACOSX/") {
		return false
	}
	for _, ending := range []string{".csv", ".json", ".jsonl", ".ndjson", ".log", ".txt", ".tsv", ".gz", ".zst"} {
		if strings.HasSuffix(base, ending) {
			return true
		}
	}
	return false
}
