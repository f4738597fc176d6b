package snippet

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/valyala/fasthttp"
)

// configured keeps the scripts that are sent with options, so that each is
// compressed once. There are as many as sites have options, times the names; what
// is beyond the bound is made again.
var configured struct {
	mu      sync.Mutex // protects scripts
	scripts map[string]*script
}

const maxConfigured = 256

// with returns the script with options: attributes of the tag, without data-, that
// hold where the tag itself does not say. They are the same for everybody who asks.
func (s *script) with(options map[string]string) *script {
	if len(options) == 0 {
		return s
	}
	// A list of pairs in a fixed order, so that the text is the same each time.
	pairs := make([][2]string, 0, len(options))
	for _, name := range slices.Sorted(maps.Keys(options)) {
		pairs = append(pairs, [2]string{name, options[name]})
	}
	list, err := json.Marshal(pairs)
	if err != nil {
		panic("BUG: texts are no JSON: " + err.Error())
	}
	key := s.hash + string(list)
	configured.mu.Lock()
	defer configured.mu.Unlock()
	if known := configured.scripts[key]; known != nil {
		return known
	}
	made := new(script)
	made.body[plain] = slices.Concat([]byte(`try{for(let[n,v]of`), list, []byte(`)document.currentScript.dataset[n]??=v}catch{}`), s.body[plain])
	made.body[gzipped] = fasthttp.AppendGzipBytesLevel(nil, made.body[plain], 9)
	made.body[brotlied] = fasthttp.AppendBrotliBytesLevel(nil, made.body[plain], 11)
	made.seal()
	if configured.scripts == nil || len(configured.scripts) >= maxConfigured {
		configured.scripts = map[string]*script{}
	}
	configured.scripts[key] = made
	return made
}
