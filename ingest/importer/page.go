package importer

import "strings"

// isPage reports whether somebody who asks for target is likely to look at a
// page: no asset, feed, API or well-known file.
func isPage(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "/.") {
		return false
	}
	path = strings.ToLower(path)
	first, _, _ := strings.Cut(path[1:], "/")
	if notPages[first] {
		return false
	}
	last := strings.TrimRight(path, "/")
	last = last[strings.LastIndexByte(last, '/')+1:]
	if feeds[last] {
		return false
	}
	if dot := strings.LastIndexByte(last, '.'); dot >= 0 && assets[last[dot+1:]] {
		return false
	}
	return true
}

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

var (
	// First parts of a path behind which programs talk to each other.
	notPages = set(`api graphql wp-json wp-admin wp-includes wp-content wp-login.php wp-cron.php xmlrpc.php server-status`)
	feeds    = set(`feed feeds rss atom`)
	assets   = set(`
		css js mjs cjs map json jsonld xml txt webmanifest manifest appcache wasm
		ico png apng jpg jpeg jpe gif webp avif svg bmp tif tiff heic jxl cur
		woff woff2 ttf otf eot
		mp3 ogg oga opus wav flac m4a aac mp4 m4v webm mov avi mkv mpg mpeg m3u8 ts vtt srt
		pdf doc docx xls xlsx ppt pptx odt ods odp rtf csv tsv epub mobi
		zip gz tgz bz2 xz zst 7z rar tar jar dmg exe msi deb rpm apk iso img bin
		rss atom rdf ics vcf swf sql bak env ini log yml yaml toml md`)
)
