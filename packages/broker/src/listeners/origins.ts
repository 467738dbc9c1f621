/** Whose pages may open a WebSocket. Browsers say whose page it is (`Origin`); others say nothing. */
import { isLoopback } from '@mqtt-stack/core'

/** Origins such as `https://app.example.com`, or `*` for all. */
export type Origins = '*' | readonly string[]

/**
 * Whether a page may connect: one of the same host, whatever its port, and those that are listed.
 * @param origin `undefined`: no page of a browser.
 * @param host The header: whom the page asked for.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  origins: Origins = [],
): boolean {
  if (origin === undefined || origins === '*' || origins.includes('*')) return true
  const page = originOf(origin)
  if (page === undefined) return false
  return origins.some((one) => originOf(one) === page) || isSameHost(hostNameOf(origin), host)
}

/** Whether a page is of no site on this machine. */
export function isForeign(origin: string): boolean {
  const host = hostNameOf(origin)
  return host === undefined || !isHere(host)
}

/** The first entry that is neither an origin nor `*`, and how it is written. */
export function wrongOrigin(
  origins: readonly unknown[],
): { entry: unknown; right: string | undefined } | undefined {
  for (const entry of origins) {
    if (entry === '*' || entry === 'null') continue
    const right = typeof entry === 'string' && entry.includes('://') ? originOf(entry) : undefined
    if (right === undefined || right !== (entry as string).toLowerCase()) return { entry, right }
  }
  return undefined
}

/** Scheme, host and port, where it is not the usual one. `null` is what browsers say of pages of no site. */
function originOf(text: string): string | undefined {
  if (text === 'null') return text
  if (!URL.canParse(text)) return undefined
  const { protocol, host } = new URL(text)
  return `${protocol}//${host.toLowerCase()}`
}

function isSameHost(page: string | undefined, host: string | undefined): boolean {
  const asked = host === undefined ? undefined : hostNameOf(`http://${host}`)
  if (page === undefined || asked === undefined) return false
  return page === asked || (isHere(page) && isHere(asked))
}

function hostNameOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { hostname } = new URL(url)
  return hostname === '' ? undefined : hostname.replace(/^\[|\]$/g, '').toLowerCase()
}

function isHere(host: string): boolean {
  return host === 'localhost' || isLoopback(host)
}
