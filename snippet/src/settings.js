// Options given by code instead of by a tag, for init.js and npm.js.

import { start } from './tracker.js'

const hook = '__footfall'

// begin starts the tracker with options of our names. What is on or off by
// default is changed by true and false. tag is the script's, if there is one.
export const begin = (given, tag) => {
  const dataset = {}
  for (const name of ['api', 'domain', 'include', 'exclude', 'downloads']) {
    const value = given[name]
    if (value) dataset[name] = Array.isArray(value) ? value.join(name == 'downloads' ? '|' : ',') : value
  }
  for (const name of ['hash', 'manual', 'local', 'forms', 'debug']) {
    if (given[name]) dataset[name] = 'on'
  }
  for (const name of ['outbound', 'downloads', '404']) {
    if (given[name] === false) dataset[name] = 'off'
  }
  // An attribute can name a function, and it can hold a text for a property; code
  // can have a function for either.
  const { props, transform } = given
  if (props || transform) {
    dataset.transform = hook
    window[hook] = event => {
      if (event.n != 'engagement') event.props = { ...typeof props == 'function' ? props(event.n) : props, ...event.props }
      return transform ? transform(event) : event
    }
  }
  start({ src: tag?.src, cloneNode: () => tag?.cloneNode() || { outerHTML: '' }, dataset })
}
