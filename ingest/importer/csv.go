package importer

import (
	"errors"
	"io"
	"strings"
)

var errQuote = errors.New("a quote is not closed")

// csvReader reads records as RFC 4180 has them. A record that cannot be read costs
// itself only.
type csvReader struct {
	lines  *lineReader
	number int // line on which the record begins that next returned last
	record strings.Builder
	fields []string
}

func newCSVReader(r io.Reader) *csvReader { return &csvReader{lines: newLineReader(r)} }

// next returns the next record's fields, valid until the call after it. The error
// is that of raw, or errQuote.
func (c *csvReader) next() ([]string, error) {
	if err := c.raw(); err != nil {
		return nil, err
	}
	return c.split(c.record.String())
}

// raw reads the next record; blank lines are none. The error is io.EOF, errLongLine
// or errQuote for a record that was skipped, or that of the reader.
func (c *csvReader) raw() error {
	c.record.Reset()
	quotes := 0
	for {
		line, err := c.lines.next()
		switch {
		case errors.Is(err, io.EOF) && quotes%2 == 1:
			return errQuote
		case err != nil:
			c.number = c.lines.number
			return err
		case quotes%2 == 0:
			if len(line) == 0 {
				continue
			}
			c.number = c.lines.number
		default:
			c.record.WriteByte('\n')
		}
		if c.record.Len()+len(line) > maxLine {
			return errLongLine
		}
		c.record.Write(line)
		for _, b := range line {
			if b == '"' {
				quotes++
			}
		}
		if quotes%2 == 0 {
			return nil
		}
	}
}

// split cuts a record into its fields. Quotes are even in number.
func (c *csvReader) split(record string) ([]string, error) {
	c.fields = c.fields[:0]
	for {
		if !strings.HasPrefix(record, `"`) {
			field, rest, more := strings.Cut(record, ",")
			c.fields = append(c.fields, field)
			if !more {
				return c.fields, nil
			}
			record = rest
			continue
		}
		end := 1
		for end < len(record) && (record[end] != '"' || end+1 < len(record) && record[end+1] == '"') {
			if record[end] == '"' {
				end++
			}
			end++
		}
		if end >= len(record) {
			return nil, errQuote
		}
		field := record[1:end]
		if strings.Contains(field, `""`) {
			field = strings.ReplaceAll(field, `""`, `"`)
		}
		c.fields = append(c.fields, field)
		if record = record[end+1:]; record == "" {
			return c.fields, nil
		}
		if record[0] != ',' {
			return nil, errQuote
		}
		record = record[1:]
	}
}

// csvRecords are the records of a CSV file, each as one text.
type csvRecords struct {
	*csvReader
	record []byte
}

func (c *csvRecords) next() ([]byte, error) {
	if err := c.raw(); err != nil {
		return nil, err
	}
	c.record = append(c.record[:0], c.csvReader.record.String()...)
	return c.record, nil
}

func (c *csvRecords) at() int { return c.number }
