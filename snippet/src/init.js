// The tag of newer Plausible installations: a script pa-….js, and beside it a
// stub with plausible.init(options), which may run before the script or after.
// Their options are ours under other names.

import { start } from './tracker.js'

const off = value => value === false || value === 'off'

const init = (tag, given = {}) => {
  const dataset = { ...tag.dataset }
  const put = (name, value) => { if (value) dataset[name] = value }

  put('api', given.endpoint)
  put('domain', given.domain)
  put('hash', given.hashBasedRouting && 'on')
  put('local', given.captureOnLocalhost && 'on')
  put('manual', off(given.autoCapturePageviews) && 'on')
  put('forms', !off(given.formSubmissions) && given.formSubmissions && 'on')
  put('outbound', off(given.outboundLinks) && 'off')
  put('downloads', off(given.fileDownloads) ? 'off' : given.fileDownloads?.fileExtensions?.join('|').replace(/\./g, ''))

  // Both of these may be functions, which an attribute cannot hold.
  const { customProperties, transformRequest } = given
  if (customProperties || transformRequest) {
    dataset.transform = 'footfallInit'
    window.footfallInit = event => {
      const custom = typeof customProperties == 'function' ? customProperties(event.n) : customProperties
      event.p = { ...custom, ...event.p }
      return transformRequest ? transformRequest(event) : event
    }
  }
  start({ src: tag.src, attributes: tag.attributes, classList: tag.classList, dataset })
}

try {
  const tag = document.currentScript
  const stub = window.plausible ||= function () { (stub.q ||= []).push(arguments) }
  const begin = given => { try { init(tag, given) } catch {} }
  if (stub.o) begin(stub.o)
  else stub.init = begin
} catch {}
