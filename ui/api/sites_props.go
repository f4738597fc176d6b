package api

import (
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// Which keys of event properties count is the setting "properties" of a site: any,
// none, or a list. Here it is the list that Plausible's clients know.

// propertyAnswer is a key as the API shows it.
type propertyAnswer struct {
	Property string `json:"property"`
}

// allowed are the keys that an owner has named, and whether that is a limit: with
// no list every key counts.
func allowed(s *aggregate.Settings) (keys []string, limited bool) {
	if len(s.Properties) == 1 && s.Properties[0] == aggregate.NoProperties {
		return nil, true
	}
	return s.Properties, len(s.Properties) > 0
}

// listProperties is GET /api/v1/sites/custom-props.
func (a *API) listProperties(r *sitesRequest) (any, error) {
	var answer struct {
		Properties []propertyAnswer `json:"custom_properties"`
		Meta       listMeta         `json:"meta"`
	}
	settings, _ := a.o.Settings(r.site)
	keys, _ := allowed(&settings)
	page, meta, err := paginate(r, slices.Clone(keys), func(key string) string { return key })
	answer.Properties, answer.Meta = []propertyAnswer{}, meta
	for _, key := range page {
		answer.Properties = append(answer.Properties, propertyAnswer{key})
	}
	return &answer, err
}

// putProperty is PUT /api/v1/sites/custom-props: the key counts from now on. Where
// every key counts, it does already.
func (a *API) putProperty(r *sitesRequest) (any, error) {
	key := strings.TrimSpace(r.values["property"])
	if key == "" || strings.ContainsAny(key, ",\n") {
		return nil, bad("property: want a key without a comma, got %s", shown(r.values["property"]))
	}
	settings, _ := a.o.Settings(r.site)
	keys, limited := allowed(&settings)
	if limited && !slices.Contains(keys, key) {
		if err := a.setProperties(r, append(slices.Clone(keys), key)); err != nil {
			return nil, err
		}
	}
	return map[string]bool{"created": true}, nil
}

// removeProperty is DELETE /api/v1/sites/custom-props/:property: the key counts no
// more. What was counted stays.
func (a *API) removeProperty(r *sitesRequest) (any, error) {
	settings, _ := a.o.Settings(r.site)
	keys, limited := allowed(&settings)
	if !limited {
		return nil, bad("property: every key counts on this site. Send those that should as properties to PUT /api/v1/sites/%s first.", r.site)
	}
	key := argument(r.RequestCtx)
	if !slices.Contains(keys, key) {
		return nil, &failure{fasthttp.StatusNotFound, "Property could not be found."}
	}
	rest := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == key })
	return deleted, a.setProperties(r, rest)
}

func (a *API) setProperties(r *sitesRequest, keys []string) error {
	if len(keys) == 0 {
		keys = []string{aggregate.NoProperties}
	}
	r.values["properties"] = strings.Join(keys, ",")
	settings, _ := a.o.Settings(r.site)
	if err := settings.Set("properties", r.values["properties"]); err != nil {
		return bad("property: %s", strings.TrimPrefix(err.Error(), "setting properties: "))
	}
	return a.setSettings(r, map[string]string{"properties": r.values["properties"]})
}

// putLink is PUT /api/v1/sites/shared-links: a secret link to a site's figures. Of a
// link's address a hash is kept alone: an address cannot be told a second time.
func (a *API) putLink(r *sitesRequest) (any, error) {
	name := strings.TrimSpace(r.values["name"])
	if name == "" {
		return nil, bad("name: want a name for the link.")
	}
	address, taken, err := a.o.Link(r.RequestCtx, r.site, name)
	if err != nil {
		return nil, err
	}
	if taken {
		return nil, bad("name: there is a link with this name. Its address was told once and is kept as a hash only; take another name, or end that link first.")
	}
	a.did(r.RequestCtx, r.site, "link.add", name)
	return map[string]string{"name": name, "url": address}, nil
}
