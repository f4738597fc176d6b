// The tag of newer Plausible installations: a script pa-….js, and beside it a
// stub with plausible.init(options), which may run before the script or after.
// Their options are ours under other names.

import { begin } from './settings.js'

try {
  const tag = document.currentScript
  const stub = window.plausible ||= function () { (stub.q ||= []).push(arguments) }
  const init = (given = {}) => {
    try {
      begin({
        ...tag.dataset,
        api: given.endpoint || tag.dataset.api,
        domain: given.domain || tag.dataset.domain,
        hash: given.hashBasedRouting,
        local: given.captureOnLocalhost || 'local' in tag.dataset,
        debug: 'debug' in tag.dataset,
        manual: given.autoCapturePageviews === false,
        forms: given.formSubmissions,
        outbound: given.outboundLinks,
        downloads: given.fileDownloads && given.fileDownloads.fileExtensions?.map(kind => kind.replace('.', '')),
        props: given.customProperties,
        transform: given.transformRequest
      }, tag)
    } catch {}
  }
  if (stub.o) init(stub.o)
  else stub.init = init
} catch {}
