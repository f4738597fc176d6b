package ingest

import "strings"

// tidy spells like paths alike, for sites that say so (setting `paths`):
//
//   - small letters;
//   - empty and "." segments go, ".." takes the segment before it along
//     (RFC 3986 section 5.2.4), and no slash stands at the end;
//   - a file that a server shows for its directory (index.html and the like) is
//     the directory.
//
// In hash mode the rule holds for the route behind the "#" as well. Without the
// setting, "/About/", "/about" and "/about/index.html" are three pages.
func (s *scratch) tidy(path string) string {
	path = s.lower(path)
	path, route, hash := strings.Cut(path, "#")
	mark := len(s.b)
	s.tidyPart(path)
	if hash {
		s.b = append(s.b, '#')
		if strings.HasPrefix(route, "/") {
			s.tidyPart(route)
		} else {
			s.b = append(s.b, route...)
		}
	}
	return s.from(mark)
}

// tidyPart appends one path.
func (s *scratch) tidyPart(path string) {
	mark := len(s.b)
	up := func() {
		if i := strings.LastIndexByte(borrow(s.b[mark:]), '/'); i >= 0 {
			s.b = s.b[:mark+i]
		}
	}
	last := ""
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
			continue
		case "..":
			up()
		default:
			s.b = append(append(s.b, '/'), segment...)
		}
		last = segment
	}
	if isIndex(last) {
		up()
	}
	if len(s.b) == mark {
		s.b = append(s.b, '/')
	}
}

// isIndex recognizes the names under which servers keep a directory's own page.
func isIndex(file string) bool {
	name, ending, _ := strings.Cut(file, ".")
	if name != "index" && name != "default" {
		return false
	}
	switch ending {
	case "html", "htm", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "cgi":
		return true
	}
	return false
}
