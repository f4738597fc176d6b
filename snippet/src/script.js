// The script tag.

import { start } from './tracker.js'

start(document.currentScript)
