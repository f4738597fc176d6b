// Options given by code instead of by a tag, for init.js and npm.js.

import { start } from './tracker.js'

const hook = '__footfall'

// parts are the options that are on by default.
const parts = ['outbound', 'downloads', '404']

// begin starts the tracker with options of our names: what is on by default is turned
// off by false, what is off is turned on by true. tag is the script's, if there is one;
// what is undefined is as it says. The tracker is given a tag on which the options are
// written.
export const begin = (given, tag) => {
  const written = tag ? tag.cloneNode() : document.createElement('script')
  const write = (name, value) => {
    if (value === undefined) return
    if (value === parts.includes(name)) value = ''
    if (typeof value == 'boolean') value = value ? 'on' : 'off'
    if (Array.isArray(value)) value = value.join(name == 'downloads' ? '|' : ',')
    if (value) written.dataset[name] = value
    else delete written.dataset[name]
  }
  for (const name of ['api', 'domain', 'include', 'exclude', 'hash', 'manual', 'local', 'forms', 'debug', ...parts]) write(name, given[name])
  // An attribute can name a function, and it can hold a text for a property; code
  // can have a function for either.
  const { props, transform } = given
  if (props || transform) {
    write('transform', hook)
    window[hook] = event => {
      if (event.n != 'engagement') event.props = { ...typeof props == 'function' ? props(event.n) : props, ...event.props }
      return transform ? transform(event) : event
    }
  }
  start(written)
}
