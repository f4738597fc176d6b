// The tag of newer Plausible installations: a script pa-….js, and beside it a
// stub with plausible.init(options), which may run before the script or after.
// Their options are ours under other names.

import { begin } from './settings.js'

try {
  const tag = document.currentScript
  const stub = window.plausible ||= function () { (stub.q ||= []).push(arguments) }
  const init = (given = {}) => {
    try {
      const { fileDownloads, transformRequest } = given
      begin({
        api: given.endpoint,
        domain: given.domain,
        hash: given.hashBasedRouting,
        local: given.captureOnLocalhost,
        manual: given.autoCapturePageviews === false || undefined,
        forms: given.formSubmissions,
        outbound: given.outboundLinks,
        downloads: fileDownloads && (fileDownloads.fileExtensions?.map(kind => kind.replace('.', '')) ?? true),
        props: given.customProperties,
        // Hooks of Plausible's know these by other names.
        transform: transformRequest && (({ props, revenue, interactive, ...event }) =>
          transformRequest({ ...event, p: props, $: revenue, i: interactive }))
      }, tag)
      // A page that calls it again finds it, and changes nothing.
      window.plausible.init = () => {}
    } catch {}
  }
  if (stub.o) init(stub.o)
  else stub.init = init
} catch {}
