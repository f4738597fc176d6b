package volatile

import (
	"encoding/binary"
	"fmt"
)

// Manifest is where a checkpoint stands.
type Manifest struct {
	Commit  uint64 // number of the last database commit that the checkpoint has seen
	Segment uint64 // first journal segment to replay after it
}

// A manifest is the file "manifest". It is what makes a checkpoint valid.
//
//	 0  48  head, "ffchkpnt"
//	48   8  generation: 1 for the first checkpoint of a state, then rising
//	56   8  Manifest.Commit
//	64   8  Manifest.Segment
//	72   4  number of sections, then for each, in the order of their making
//	          2  length n of the name (1-255)
//	          n  name
//	          8  bytes in the section
//	          4  CRC-32C of them
//	 .   4  CRC-32C of everything before
//
// Section i of generation g is the file "checkpoint-<g>-<i>", in 16 and 4
// hexadecimal digits; it holds the section's bytes and nothing else.
type manifest struct {
	Manifest
	generation uint64
	sections   []section
	index      map[string]int // section by name
}

type section struct {
	name  string
	bytes uint64
	crc   uint32
}

const (
	manifestMagic = "ffchkpnt"
	manifestHead  = headSize + 28
	// MaxSections is how many sections a checkpoint can have.
	MaxSections = 1 << 16
)

func appendManifest(dst []byte, o owner, m *manifest) []byte {
	start := len(dst)
	dst = appendHead(dst, manifestMagic, o)
	dst = binary.LittleEndian.AppendUint64(dst, m.generation)
	dst = binary.LittleEndian.AppendUint64(dst, m.Commit)
	dst = binary.LittleEndian.AppendUint64(dst, m.Segment)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m.sections)))
	for _, s := range m.sections {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(s.name)))
		dst = append(dst, s.name...)
		dst = binary.LittleEndian.AppendUint64(dst, s.bytes)
		dst = binary.LittleEndian.AppendUint32(dst, s.crc)
	}
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
}

func readManifest(src []byte, o owner) (*manifest, error) {
	if err := checkHead(src, manifestMagic); err != nil {
		return nil, err
	}
	if len(src) < manifestHead+4 {
		return nil, fmt.Errorf("%w: manifest of %d bytes", ErrCorrupt, len(src))
	}
	body := src[:len(src)-4]
	if checksum(body) != binary.LittleEndian.Uint32(src[len(body):]) {
		return nil, fmt.Errorf("%w: checksum of the manifest", ErrCorrupt)
	}
	if err := sameOwner(src, o); err != nil {
		return nil, err
	}
	m := &manifest{
		index:      map[string]int{},
		generation: binary.LittleEndian.Uint64(src[48:]),
		Manifest: Manifest{
			Commit:  binary.LittleEndian.Uint64(src[56:]),
			Segment: binary.LittleEndian.Uint64(src[64:]),
		},
	}
	count := binary.LittleEndian.Uint32(src[72:])
	if m.generation == 0 || m.Segment == 0 || count > MaxSections {
		return nil, fmt.Errorf("%w: manifest of generation %d, segment %d, %d sections",
			ErrCorrupt, m.generation, m.Segment, count)
	}
	tail := body[manifestHead:]
	for i := range count {
		var err error
		if tail, err = m.readSection(tail); err != nil {
			return nil, fmt.Errorf("section %d: %w", i, err)
		}
	}
	if len(tail) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind the last section of the manifest", ErrCorrupt, len(tail))
	}
	return m, nil
}

func (m *manifest) readSection(src []byte) (tail []byte, err error) {
	if len(src) < 2 {
		return nil, fmt.Errorf("%w: manifest ends in a section", ErrCorrupt)
	}
	n := int(binary.LittleEndian.Uint16(src))
	if n == 0 || n > 255 || len(src) < 2+n+12 {
		return nil, fmt.Errorf("%w: name of %d bytes, %d left in the manifest", ErrCorrupt, n, len(src))
	}
	s := section{
		name:  string(src[2 : 2+n]),
		bytes: binary.LittleEndian.Uint64(src[2+n:]),
		crc:   binary.LittleEndian.Uint32(src[2+n+8:]),
	}
	if s.bytes > 1<<62 {
		return nil, fmt.Errorf("%w: section of %d bytes", ErrCorrupt, s.bytes)
	}
	if !m.add(s) {
		return nil, fmt.Errorf("%w: two sections %q", ErrCorrupt, s.name)
	}
	return src[2+n+12:], nil
}

// add appends a section, unless there is one of that name.
func (m *manifest) add(s section) bool {
	if _, taken := m.index[s.name]; taken {
		return false
	}
	m.index[s.name] = len(m.sections)
	m.sections = append(m.sections, s)
	return true
}

const sectionPrefix = "checkpoint-"

func sectionFile(generation uint64, i int) string {
	return fmt.Sprintf("%s%016x-%04x", sectionPrefix, generation, i)
}

// files are the names of the section files.
func (m *manifest) files() map[string]bool {
	names := make(map[string]bool, len(m.sections))
	for i := range m.sections {
		names[sectionFile(m.generation, i)] = true
	}
	return names
}
