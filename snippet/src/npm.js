// The npm package: init(options) instead of a tag, track() instead of a global.

import { begin } from './settings.js'

let begun = false

// init starts the tracker, once. Without a window (on a server that renders
// pages) it does nothing.
export const init = (options = {}) => {
  if (begun || typeof window == 'undefined') return
  begun = true
  try { begin({ ...options, api: options.api || '/api/event' }) } catch {}
}

// track sends an event. Before init, events wait for it.
export const track = (name, options) => {
  if (typeof window == 'undefined') return
  const send = window.footfall ||= function () { (send.q ||= []).push(arguments) }
  send(name, options)
}
