/** A value of a property: text, or what is written as text. */
export type Value = string | number | boolean

/** An event as it leaves: the keys are those of the server's `POST /api/event`. */
export interface Beacon {
  /**
   * Name: `pageview`, `engagement`, or that of a custom event; 404 of a missing page. Of
   * an element, what happened to it (`click`, `auxclick`, `submit`): the server gives it
   * the name under which it counts, unless the hook gives it one.
   */
  n: string | number
  /** Address, its query reduced to the tags of a campaign. A URL until it is written as JSON. */
  u: URL | string
  /** Site. */
  d?: string
  /** Referrer, without its query; empty inside the site. */
  r?: string
  /** Properties. */
  props?: Record<string, Value>
  /** Revenue, as the call had it. */
  revenue?: Revenue
  /** `false`: the event does not end a bounce. */
  interactive?: boolean
  /** Address of the link that was clicked, without its query; empty if it is no link. */
  l?: string
  /**
   * Of an element: the file name extensions that are downloads, separated by `|`, and
   * `off` where other hosts do not count. `null`: as by default.
   */
  k?: [string | null, string | null]
  /**
   * What the author wrote on the script's tag and on the element: name, properties,
   * revenue.
   */
  t?: [string[] | null, string[] | null]
  /** Deepest scroll, in percent. */
  sd?: number
  /** Milliseconds of attention since the last report. */
  e?: number
}

export interface Revenue {
  currency: string
  amount: number | string
}

export interface Options {
  /** The site as the server knows it. Default: the host of the page. */
  domain?: string
  /** Where events go. Default: `/api/event` on the page's own host. */
  api?: string
  /** The fragment belongs to the path. Default: false. */
  hash?: boolean
  /** Count no pageview by itself. Default: false. */
  manual?: boolean
  /** Count local hosts (no dot, or an IPv4 address) and driven browsers as well. Default: false. */
  local?: boolean
  /** Count submitted forms. Default: false. */
  forms?: boolean
  /** Say in the console what became of each event. Default: false. */
  debug?: boolean
  /** Count clicks on links to other hosts. Default: true. */
  outbound?: boolean
  /** Count downloads: false for none, or the file name extensions that count. */
  downloads?: false | string[]
  /** Count pages that were answered 404. Default: true. */
  404?: boolean
  /** Only what happens on paths like these is counted; `*` stands for anything but a slash, `**` for anything. */
  include?: string | string[]
  /** What happens on paths like these is not counted. */
  exclude?: string | string[]
  /** Properties of every event. */
  props?: Record<string, Value> | ((name: string) => Record<string, Value> | undefined)
  /** The last word on an event: returns it, changed or not, or nothing to drop it. */
  transform?: (event: Beacon) => Beacon | null | undefined | false
}

export interface EventOptions {
  props?: Record<string, Value>
  revenue?: Revenue
  /** `false`: the event does not end a bounce. */
  interactive?: boolean
  /** Address to count instead of the page's own. */
  u?: string
  /** Called once: with the answer, or with the error or the reason for which there is none. */
  callback?: (result: Response | Error | string | 0) => void
}

/** Starts counting. Further calls do nothing. */
export function init(options?: Options): void

/** Sends an event. Before `init`, events wait for it. */
export function track(name: string, options?: EventOptions): void
