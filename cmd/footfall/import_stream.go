package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"footfall/ingest/importer"
)

// autoFormat is the format of files whose format is to be found out.
const autoFormat = "auto"

// fileStream sends files one after the other: frames of a uvarint length and the
// bytes. First the question as JSON, then for each file its name and its content
// in any number of frames, ended by an empty one; an empty name ends it all. What
// is in a zip is sent as files of their own.
type fileStream struct {
	format importer.Format // as asked for, or as found out
	files  []namedFile
	sums   []string // of regular files
	closes []io.Closer
	bar    *progressbar.ProgressBar
}

// namedFile is a file to send, packed or not.
type namedFile struct {
	name  string
	size  int64
	open  func() (io.ReadCloser, error)
	first time.Time
}

// Limits of what a zip may unpack to, so that a small file cannot keep the
// importer busy for ever, and of one that has to be held in memory because it came
// through a pipe.
const (
	maxUnpacked = 16 << 30
	maxPipedZip = 512 << 20
)

// open opens the files, the oldest first, and shows progress on a terminal.
func (c *importFileCmd) open(s *streams) (*fileStream, error) {
	fs := &fileStream{format: importer.Format(c.Format)}
	for _, name := range c.Files {
		add := fs.addFile
		if name == "-" {
			add = func(name string) error { return fs.addPipe(name, s.in) }
		}
		if err := add(name); err != nil {
			fs.close()
			return nil, err
		}
	}
	if err := fs.findFormat(); err != nil {
		fs.close()
		return nil, err
	}
	fs.order()
	if f, ok := s.err.(*os.File); ok && !c.JSON && term.IsTerminal(int(f.Fd())) {
		fs.bar = progressbar.DefaultBytes(fs.total(), "importing")
	}
	return fs, nil
}

// order puts the oldest file first, and of GoatCounter's counts those that name
// things.
func (fs *fileStream) order() {
	isCount := func(f namedFile) bool { return importer.GoatOrder(f.name) == 1 }
	if fs.format == importer.GoatCounter && slices.ContainsFunc(fs.files, isCount) {
		fs.format = importer.GoatStats
		slices.SortStableFunc(fs.files, func(a, b namedFile) int { return importer.GoatOrder(a.name) - importer.GoatOrder(b.name) })
		return
	}
	if len(fs.files) > 1 {
		for i := range fs.files {
			fs.files[i].first = fs.firstTime(&fs.files[i])
		}
	}
	slices.SortStableFunc(fs.files, func(a, b namedFile) int { return a.first.Compare(b.first) })
}

// total is the size of all files, -1 if it is not known.
func (fs *fileStream) total() (sum int64) {
	for _, f := range fs.files {
		if f.size < 0 {
			return -1
		}
		sum += f.size
	}
	return sum
}

// sumBytes of a file's SHA-256 are kept: enough to know the file again, and too few to
// tell whether a log of one line that somebody makes up is the one that was read (P1).
const sumBytes = 4

// addFile adds a file, or what is in a zip.
func (fs *fileStream) addFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	fs.closes = append(fs.closes, f)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		if info.IsDir() {
			return hint(fmt.Errorf("%s is a directory", name), "name the files in it")
		}
		return fs.addPipe(name, f)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	fs.sums = append(fs.sums, hex.EncodeToString(hash.Sum(nil)[:sumBytes]))
	head := make([]byte, 4)
	if n, _ := f.ReadAt(head, 0); isZip(head[:n]) {
		return fs.addZip(name, f, info.Size())
	}
	fs.files = append(fs.files, namedFile{name: name, size: info.Size(), open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, 1<<62)), nil
	}})
	return nil
}

// addPipe adds what can be read once.
func (fs *fileStream) addPipe(name string, in io.Reader) error {
	buffered := bufio.NewReaderSize(in, importer.HeadSize)
	if head, _ := buffered.Peek(4); isZip(head) {
		whole, err := io.ReadAll(io.LimitReader(buffered, maxPipedZip+1))
		switch {
		case err != nil:
			return err
		case len(whole) > maxPipedZip:
			return hint(fmt.Errorf("%s: a zip of more than %d MiB cannot be read from a pipe", name, maxPipedZip>>20), "write it to a file, and name that")
		}
		return fs.addZip(name, bytes.NewReader(whole), int64(len(whole)))
	}
	fs.files = append(fs.files, namedFile{name: name, size: -1, open: func() (io.ReadCloser, error) { return io.NopCloser(buffered), nil }})
	return nil
}

func isZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

// addZip adds the files of a zip that may hold something to import.
func (fs *fileStream) addZip(name string, r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return hint(fmt.Errorf("%s: %w", name, err), "export it once more; the file is not whole")
	}
	unpacked := uint64(0)
	for _, f := range z.File {
		if f.FileInfo().IsDir() || !importer.IsTable(f.Name) {
			continue
		}
		if unpacked += f.UncompressedSize64; unpacked > maxUnpacked {
			return hint(fmt.Errorf("%s unpacks to more than %d GiB", name, maxUnpacked>>30), "import its files one by one, if they are what you expect")
		}
		limit := int64(f.UncompressedSize64)
		fs.files = append(fs.files, namedFile{name: name + "/" + f.Name, size: limit, open: func() (io.ReadCloser, error) {
			in, err := f.Open()
			if err != nil {
				return nil, fmt.Errorf("%s/%s: %w", name, f.Name, err)
			}
			return both{io.LimitReader(in, limit), in}, nil
		}})
	}
	if len(fs.files) == 0 {
		return hint(fmt.Errorf("%s holds no tables", name), "export it once more as CSV")
	}
	return nil
}

// nameTheFormat is what to do where no format is found out. The zip of CSV tables
// looks as if it could be read back, and must not be taken for another program's.
const nameTheFormat = "name it: there are %s (what footfall export --format csv writes is for people; --format json is read back)"

// findFormat finds out the format where that is asked for.
func (fs *fileStream) findFormat() error {
	if fs.format != autoFormat {
		return nil
	}
	by := ""
	for i := range fs.files {
		f := &fs.files[i]
		head, err := f.head()
		if err != nil {
			return err
		}
		format, ok := importer.Detect(f.name, head)
		switch {
		case !ok && len(fs.files) == 1:
			return hint(fmt.Errorf("the format of %s is not known", f.name), nameTheFormat, importFormats())
		case !ok: // other tables of the same export may tell
		case by != "" && format != fs.format:
			return hint(fmt.Errorf("%s is of the format %s, %s of %s", by, fs.format, f.name, format), "import them one after the other")
		default:
			fs.format, by = format, f.name
		}
	}
	if by == "" {
		return hint(fmt.Errorf("the format of these files is not known"), nameTheFormat, importFormats())
	}
	return nil
}

// head is the beginning of a file, unpacked. A file that can be read once loses
// nothing by it.
func (f *namedFile) head() ([]byte, error) {
	in, err := f.open()
	if err != nil {
		return nil, err
	}
	if f.size < 0 {
		piped := bufio.NewReaderSize(in, importer.HeadSize)
		f.open = func() (io.ReadCloser, error) { return io.NopCloser(piped), nil }
		packed, err := piped.Peek(importer.HeadSize)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		in = io.NopCloser(bytes.NewReader(packed))
	}
	defer in.Close()
	unpacked, err := importer.Open(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	defer unpacked.Close()
	head := make([]byte, importer.HeadSize)
	n, err := io.ReadFull(unpacked, head)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return head[:n], nil
}

// firstTime is the time of a file's first line, for lines that have one.
func (fs *fileStream) firstTime(f *namedFile) (at time.Time) {
	if f.size < 0 || !slices.Contains(importer.Formats(), fs.format) {
		return at
	}
	in, err := f.open()
	if err != nil {
		return at
	}
	defer in.Close()
	if r, err := importer.Open(in); err == nil {
		at, _ = importer.FirstTime(fs.format, r)
		r.Close()
	}
	return at
}

func (fs *fileStream) close() {
	for _, f := range fs.closes {
		f.Close()
	}
}

func (fs *fileStream) send(w io.Writer, q any) error {
	question, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if err := writeFrame(w, question); err != nil {
		return err
	}
	windows, err := fs.findWindows()
	if err != nil {
		return err
	}
	for window := range windows.Len() {
		for i := range fs.files {
			f := fs.files[i]
			if open := f.open; windows.Len() > 1 {
				f.open = func() (io.ReadCloser, error) { return through(windows, window, open) }
			}
			if err := fs.sendFile(w, &f); err != nil {
				return err
			}
		}
		if window+1 < windows.Len() {
			if err := writeFrames(w, []byte(windowEnd), nil); err != nil {
				return err
			}
		}
	}
	if fs.bar != nil {
		fs.bar.Finish()
		fmt.Fprintln(os.Stderr)
	}
	return writeFrame(w, nil)
}

// windowEnd is the name of an empty file between two windows of tables (see
// importer.Windows). No file can have it.
const windowEnd = "\x00"

// findWindows parts tables that hold more rows than fit into memory at once. What
// can be read but once is read in one.
func (fs *fileStream) findWindows() (w importer.Windows, err error) {
	if !slices.Contains(importer.ReportFormats(), fs.format) || fs.total() < 0 {
		return w, nil
	}
	return importer.FindWindows(len(fs.files), func(i int) (io.ReadCloser, error) {
		in, err := fs.files[i].open()
		if err != nil {
			return nil, err
		}
		return unpacked(in)
	})
}

// through is a file as a window has it.
func through(w importer.Windows, window int, open func() (io.ReadCloser, error)) (io.ReadCloser, error) {
	in, err := open()
	if err != nil {
		return nil, err
	}
	if in, err = unpacked(in); err != nil {
		return nil, err
	}
	part := w.Through(window, in)
	return both{part, closers{part, in}}, nil
}

// unpacked unpacks a file, and closes both with it.
func unpacked(in io.ReadCloser) (io.ReadCloser, error) {
	out, err := importer.Open(in)
	if err != nil {
		in.Close()
		return nil, err
	}
	return both{out, closers{out, in}}, nil
}

type both struct {
	io.Reader
	io.Closer
}

// closers are closed one after the other.
type closers []io.Closer

func (c closers) Close() error {
	var all []error
	for _, one := range c {
		all = append(all, one.Close())
	}
	return errors.Join(all...)
}

func writeFrames(w io.Writer, frames ...[]byte) error {
	for _, f := range frames {
		if err := writeFrame(w, f); err != nil {
			return err
		}
	}
	return nil
}

func (fs *fileStream) sendFile(w io.Writer, f *namedFile) error {
	if err := writeFrame(w, []byte(f.name)); err != nil {
		return err
	}
	in, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			if err := writeFrame(w, buf[:n]); err != nil {
				return err
			}
			if fs.bar != nil {
				fs.bar.Add(n)
			}
		}
		if err == io.EOF {
			return writeFrame(w, nil)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
}

func writeFrame(w io.Writer, b []byte) error {
	if _, err := w.Write(binary.AppendUvarint(nil, uint64(len(b)))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

func readFrame(r *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > 1<<20 {
		return nil, errors.Join(errors.New("the stream of files broke off"), err)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return b, err
}

func readFrameJSON(r *bufio.Reader, v any) error {
	b, err := readFrame(r)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// framed is the content of one file.
type framed struct {
	r    *bufio.Reader
	left uint64
	done bool
}

func (f *framed) Read(p []byte) (int, error) {
	if f.left == 0 && !f.done {
		n, err := binary.ReadUvarint(f.r)
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		f.left, f.done = n, n == 0
	}
	if f.done {
		return 0, io.EOF
	}
	n, err := f.r.Read(p[:min(uint64(len(p)), f.left)])
	f.left -= uint64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
