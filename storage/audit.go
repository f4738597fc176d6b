package storage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// AuditReport says what is on disk, and what of it should not be.
type AuditReport struct {
	// Kinds are all kinds of records that were found.
	Kinds []AuditKind `json:"kinds"`
	// Pages, FreePages and PageSize describe the file that was read byte by byte.
	Pages     int64 `json:"pages"`
	FreePages int64 `json:"free_pages"`
	PageSize  int64 `json:"page_size"`
	// OldBlocks are blocks found in free pages: overwritten or removed, and there
	// until the next compaction.
	OldBlocks int64 `json:"old_blocks"`
	// Notes are addresses in text that a site itself supplies (a page's path, a
	// host, a property): what they are, counters cannot tell.
	Notes []string `json:"notes"`
	// Violations break P1 (no address, no user agent), P3 (no link of more than
	// two facts, hours for totals only) or P4 (the floor).
	Violations []string `json:"violations"`
}

// AuditKind is one kind of record.
type AuditKind struct {
	Kind    string `json:"kind"`
	Meaning string `json:"meaning"`
	Facts   int    `json:"facts"` // facts of a visit that a record of this kind links
	Count   int64  `json:"count"`
	Rows    int64  `json:"rows"`
	Bytes   int64  `json:"bytes"` // keys and values, as stored
}

// Audit reads everything that is on disk, free pages included, and tells what
// kinds of records there are and what breaks the promises P1, P3 and P4. Writing
// waits meanwhile. The errors are those of Check.
func (db *DB) Audit() (*AuditReport, error) {
	db.write.Lock()
	defer db.write.Unlock()
	b := db.bolt.Load()
	if b == nil {
		return nil, ErrClosed
	}
	a := &auditor{kinds: map[string]*AuditKind{}, supplied: map[string]bool{}, noted: map[string]int{}}
	a.report.PageSize = db.pageSize.Load()
	if err := db.view(a.content); err != nil {
		return nil, err
	}
	free, err := freePages(b)
	if err != nil {
		return nil, err
	}
	if err := a.file(db.path, free); err != nil {
		return nil, err
	}
	return a.finish(), nil
}

type auditor struct {
	report   AuditReport
	kinds    map[string]*AuditKind
	supplied map[string]bool // addresses in text that sites supply
	noted    map[string]int
	sites    map[siteID]aggregate.Site
}

func (a *auditor) violate(format string, args ...any) {
	if len(a.report.Violations) < maxViolations {
		a.report.Violations = append(a.report.Violations, fmt.Sprintf(format, args...))
	}
}

// count adds a record to its kind.
func (a *auditor) count(kind, meaning string, facts, rows int, k, v []byte) {
	e := a.kinds[kind]
	if e == nil {
		e = &AuditKind{Kind: kind, Meaning: meaning, Facts: facts}
		a.kinds[kind] = e
	}
	e.Count++
	e.Rows += int64(rows)
	e.Bytes += int64(len(k) + len(v))
}

// content reads every record.
func (a *auditor) content(tx *bbolt.Tx) error {
	r, err := readRecords(tx)
	if err != nil {
		a.violate("records: %v", err)
		r = &records{}
	}
	a.sites = r.names
	for site := range r.sites {
		a.supply(string(site))
	}
	return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			a.record(string(name), k, v)
			return nil
		})
	})
}

func (a *auditor) record(bucket string, k, v []byte) {
	small := func(meaning string, keySize int) {
		if keySize > 0 && len(k) != keySize {
			a.violate("P3: bucket %s holds an unknown record with a key of %d bytes", bucket, len(k))
		}
		a.count(bucket, meaning, 0, 1, k, v)
		if bucket != string(metaBucket) { // whose values are numbers
			a.text(func() string { return "a record in bucket " + bucket }, bucket, string(v), true)
		}
	}
	switch bucket {
	case string(metaBucket):
		small("layout version, database id, number of the last commit", 0)
		if !slices.Contains([]string{"layout", "id", "commit"}, string(k)) || len(v) > 16 {
			a.violate("P3: bucket meta holds an unknown record %q of %d bytes", k, len(v))
		}
	case string(sitesBucket):
		small("a site and its settings", 4)
	case string(importsBucket):
		small("an import: its site, format and note, and 32 bits of the SHA-256 of its files", 4)
	case string(tokensBucket):
		small("a token: its SHA-256, name, sites and scopes", 32)
	case string(blocksBucket):
		a.block(k, v)
	default:
		if shelf := shelfOf(bucket); shelf != nil {
			small(shelf.meaning, 4)
			return
		}
		a.violate("P3: unknown bucket %q", bucket)
		a.count(bucket, "unknown", 0, 0, k, v)
	}
}

// kindOf names a kind of block, what it means, and how many facts it links.
func kindOf(k aggregate.Key) (kind, meaning string, facts int) {
	switch {
	case k.A == aggregate.None:
		return "totals of a day", "counters of one day, and of each of its hours", 0
	case k.A == aggregate.Refusal:
		return "refusals of a day", "how many beacons were refused, by reason", 0
	case k.B == aggregate.None:
		return fmt.Sprintf("%v of a day", k.A), "counters of each value", 1
	case k.Span != aggregate.OneMonth:
		return fmt.Sprintf("%v × %v of a day", k.A, k.B), "links of two facts that the floor's number of visitors shared", 2
	default:
		return fmt.Sprintf("%v × %v of a month", k.A, k.B), "links of two facts that were rarer, without their date", 2
	}
}

func (a *auditor) block(k, v []byte) {
	id, key, err := parseKey(k)
	if err != nil {
		a.violate("P3: block key %x of %d bytes: %v", k, len(k), err)
		a.count("unknown block", "unknown", 0, 0, k, v)
		return
	}
	owner := fmt.Sprintf("site %d", id)
	if site, ok := a.sites[id]; ok {
		owner = string(site)
	}
	days, err := decodeStored(key, v)
	if err != nil {
		a.violate("P3: %s cannot be read: %v", describe(owner, key), err)
		return
	}
	a.days(owner, key, days)
	kind, meaning, facts := kindOf(key)
	rows := 0
	for _, d := range days {
		rows += len(d.block.Rows)
	}
	a.count(kind, meaning, facts, rows, k, v)
	a.kinds[kind].Count += int64(len(days)) - 1
}

// days looks into the blocks under one key.
func (a *auditor) days(owner string, key aggregate.Key, days []dayBlock) {
	for _, d := range days {
		key.Day = d.day
		name := func() string { return describe(owner, key) }
		a.values(name, key.A, d.block.A)
		if key.B != aggregate.None {
			a.values(name, key.B, d.block.B)
			a.floor(name, key, d.block)
		}
	}
}

// floor proves P4 of one block of links.
func (a *auditor) floor(name func() string, key aggregate.Key, b *aggregate.Block) {
	if key.Span == aggregate.OneMonth {
		return
	}
	if b.Meta.Floor == 0 {
		a.violate("P4: %s has no floor", name())
	}
	for i := range b.Rows {
		// A floor of 1 is off: then a row may be one of engagements alone, without a visitor.
		if n := b.Rows[i].Counts[aggregate.Visitors]; b.Meta.Floor > 1 && n < int64(b.Meta.Floor) {
			a.violate("P4: %s: row %d has %d visitors, the floor is %d", name(), i, n, b.Meta.Floor)
		}
	}
}

// values proves that each value is of one fact, and looks for what P1 forbids.
func (a *auditor) values(name func() string, d aggregate.Dimension, values []string) {
	for i, v := range values {
		if d == aggregate.None && !(v == aggregate.TotalDay || len(v) == 2 && v >= "00" && v <= "23") {
			a.violate("P3: %s: value %d is no hour", name(), i)
		}
		if n := strings.Count(v, aggregate.Separator); n >= d.Parts() {
			a.violate("P3: %s: value %d of %v has %d parts, at most %d belong together", name(), i, d, n+1, d.Parts())
		}
		a.text(func() string { return fmt.Sprintf("%s: a value of %v", name(), d) }, d.String(), v, suppliedBySite(d))
	}
}

// suppliedBySite tells which values a site makes up itself, as opposed to those
// that are derived from a visitor's request.
func suppliedBySite(d aggregate.Dimension) bool {
	switch d {
	case aggregate.Page, aggregate.EntryPage, aggregate.ExitPage, aggregate.Hostname,
		aggregate.Source, aggregate.Referrer, aggregate.Outbound, aggregate.Download,
		aggregate.EventName, aggregate.Property, aggregate.PageBefore, aggregate.SearchTerm,
		aggregate.UTMSource, aggregate.UTMMedium,
		aggregate.UTMCampaign, aggregate.UTMContent, aggregate.UTMTerm:
		return true
	}
	return false
}

// supply notes the addresses in a text that a site supplies.
func (a *auditor) supply(text string) int {
	found := findAddresses([]byte(text))
	for _, address := range found {
		a.supplied[address] = true
	}
	return len(found)
}

// text looks into one decoded text. It does not tell what it found: whoever
// reads the report may not be meant to.
func (a *auditor) text(where func() string, kind, text string, supplied bool) {
	if looksLikeAgent([]byte(text)) {
		a.violate("P1: %s looks like a user agent", where())
	}
	switch {
	case supplied:
		if a.supply(text) > 0 {
			a.noted[kind]++
		}
	case slices.ContainsFunc(findAddresses([]byte(text)), func(s string) bool { return !a.supplied[s] }):
		a.violate("P1: %s holds an address", where())
	}
}

// file reads the file page by page. Blocks are compressed, so that their text is
// found in free pages only by reading those as bbolt once wrote them.
func (a *auditor) file(path string, free []int64) error {
	f, err := os.Open(path)
	if err != nil {
		return openError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := a.report.PageSize
	a.report.Pages, a.report.FreePages = info.Size()/size, int64(len(free))
	isFree := map[int64]bool{}
	for _, id := range free {
		isFree[id] = true
	}
	// Text may run over the end of a page: a little of the page before is kept.
	const overlap = 64
	buf := make([]byte, overlap+size)
	for id := int64(0); id*size < info.Size(); id++ {
		copy(buf, buf[size:])
		n, err := f.ReadAt(buf[overlap:overlap+min(size, info.Size()-id*size)], id*size)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read page %d: %w", id, err)
		}
		if isFree[id] {
			a.oldPage(f, id, buf[overlap:overlap+n])
		}
		a.page(id, isFree[id], buf[:overlap+n])
	}
	return nil
}

func (a *auditor) page(id int64, free bool, page []byte) {
	kind := "page"
	if free {
		kind = "free page"
	}
	if looksLikeAgent(page) {
		a.violate("P1: %s %d holds what looks like a user agent", kind, id)
	}
	for _, address := range findAddresses(page) {
		if !a.supplied[address] {
			a.violate("P1: %s %d holds what looks like an address", kind, id)
		}
	}
}

// maxOld bounds what is read for one old leaf: page and overflow.
const maxOld = 16 << 20

// oldPage reads a free page that was a leaf. Blocks that were overwritten in
// part fail their checksum and are left.
func (a *auditor) oldPage(f *os.File, id int64, page []byte) {
	ne := binary.NativeEndian
	if len(page) < leafHeader || int64(ne.Uint64(page)) != id {
		return
	}
	size := (int64(ne.Uint32(page[12:])) + 1) * a.report.PageSize
	if size > maxOld {
		return
	}
	if size > int64(len(page)) {
		whole := make([]byte, size)
		n, _ := f.ReadAt(whole, id*a.report.PageSize) // as much as there is
		page = whole[:n]
	}
	a.oldLeaf(id, page)
}

// oldLeaf reads the elements of what may be a leaf of bbolt: a header of page id
// 8, flags 2 (2 = leaf), count 2, overflow 4; for each element flags 4 (1 =
// bucket), position from the element 4, key size 4, value size 4; then keys and
// values. The value of a small bucket is its root page 8 (0), its sequence 8, and
// a leaf.
func (a *auditor) oldLeaf(id int64, page []byte) {
	ne := binary.NativeEndian
	if len(page) < leafHeader || ne.Uint16(page[8:]) != 2 {
		return
	}
	count := int(ne.Uint16(page[10:]))
	if leafHeader*(count+1) > len(page) {
		return
	}
	for i := range count {
		at := leafHeader * (i + 1)
		start := at + int(ne.Uint32(page[at+4:]))
		ksize, vsize := int(ne.Uint32(page[at+8:])), int(ne.Uint32(page[at+12:]))
		if start+ksize+vsize > len(page) {
			continue
		}
		k, v := page[start:start+ksize], page[start+ksize:start+ksize+vsize]
		switch {
		case ne.Uint32(page[at:])&1 == 0 && ksize == keySize:
			a.oldBlock(id, k, v)
		case ne.Uint32(page[at:])&1 == 1 && vsize > 16:
			a.oldLeaf(id, v[16:])
		}
	}
}

const leafHeader = 16

func (a *auditor) oldBlock(id int64, k, v []byte) {
	_, key, err := parseKey(k)
	if err != nil {
		if _, err := DecodeBlock(v); err == nil {
			a.violate("P3: free page %d: block under the key %x: %v", id, k, err)
		}
		return
	}
	days, err := decodeStored(key, v)
	if err != nil {
		return
	}
	a.report.OldBlocks += int64(len(days))
	a.days(fmt.Sprintf("free page %d: a site", id), key, days)
}

func (a *auditor) finish() *AuditReport {
	a.report.Kinds = []AuditKind{}
	for _, k := range a.kinds {
		a.report.Kinds = append(a.report.Kinds, *k)
	}
	slices.SortFunc(a.report.Kinds, func(x, y AuditKind) int {
		return cmp.Or(cmp.Compare(x.Facts, y.Facts), cmp.Compare(x.Kind, y.Kind))
	})
	a.report.Notes = []string{}
	for _, kind := range slices.Sorted(maps.Keys(a.noted)) {
		a.report.Notes = append(a.report.Notes,
			fmt.Sprintf("%s: %d values hold what looks like an address; they are text that the site supplies", kind, a.noted[kind]))
	}
	if a.report.Violations == nil {
		a.report.Violations = []string{}
	}
	return &a.report
}

// WriteText writes the report in words.
func (r *AuditReport) WriteText(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%-44s %6s %10s %12s %14s  %s\n", "kind of record", "facts", "records", "rows", "bytes", "meaning")
	for _, k := range r.Kinds {
		fmt.Fprintf(&out, "%-44s %6d %10d %12d %14d  %s\n", k.Kind, k.Facts, k.Count, k.Rows, k.Bytes, k.Meaning)
	}
	fmt.Fprintf(&out, "\n%d pages of %d bytes were read, %d of them free, with %d old blocks.\n",
		r.Pages, r.PageSize, r.FreePages, r.OldBlocks)
	for _, n := range r.Notes {
		fmt.Fprintf(&out, "note: %s\n", n)
	}
	if len(r.Violations) == 0 {
		out.WriteString("Nothing else was found: no address, no user agent (P1), no link of more than two facts (P3), none under its floor (P4).\n")
	}
	for _, v := range r.Violations {
		fmt.Fprintf(&out, "VIOLATION %s\n", v)
	}
	_, err := w.Write(out.Bytes())
	return err
}
