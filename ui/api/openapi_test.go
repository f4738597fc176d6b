package api

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryAddressIsDocumented: what is in the router is in the document, and the
// other way round. (What the addresses answer is held against it by a test that runs
// the server.)
func TestEveryAddressIsDocumented(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	argument := regexp.MustCompile(`\{[a-z_]+\}`)
	for path, operations := range doc.Paths {
		for method := range operations {
			if method != "parameters" {
				documented[strings.ToUpper(method)+" "+argument.ReplaceAllString(path, "*")] = true
			}
		}
	}
	for path, e := range endpoints {
		for method := range e {
			if row := method + " " + path; !documented[row] {
				t.Errorf("%s is answered and not in openapi.json", row)
			} else {
				delete(documented, row)
			}
		}
	}
	if len(documented) > 0 {
		t.Errorf("documented, but not answered: %v", slices.Sorted(maps.Keys(documented)))
	}
}
