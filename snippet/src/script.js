// The script tag: options are the data- attributes of the tag, over what the name
// of the file promises.

import { start } from './footfall.js'

try {
  const tag = document.currentScript
  const props = {}
  if (PROPS) {
    for (const { name, value } of tag.attributes) {
      if (/^event-/.test(name)) props[name.slice(6)] = value
    }
  }
  start({
    downloads: 'pdf,xlsx?,docx?,pp[st]x?,txt,rtf,csv,exe,key,7z,pkg,rar,gz,zip,dmg,avi,mov,mp[34],mpe?g,wm[av],midi?,wav',
    forms: false,
    debug: false,
    hash: NAMED_HASH,
    manual: NAMED_MANUAL,
    local: NAMED_LOCAL,
    props,
    ...tag.dataset,
    api: tag.dataset.api || new URL('../api/event', tag.src)
  })
} catch {}
