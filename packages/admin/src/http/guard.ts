/** Who a request may come from, before anybody looks at what it asks. */
import { isIP } from 'node:net'
import { Problem } from './problem.ts'

/** What a page of ours needs, and nothing else. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
}

/**
 * A site that has its own name lead to this machine is refused (DNS rebinding): an address cannot be led elsewhere, nor can
 * `localhost`; other names have to be known.
 * @param hosts Names that are ours, in lower case.
 * @throws Problem `unknown-host`
 */
export function checkHost(host: string | undefined, hosts: readonly string[]): void {
  const name = hostname(host)
  const isOurs = name === 'localhost' || isIP(name) !== 0 || hosts.includes(name)
  if (isOurs) return
  throw new Problem(
    'unknown-host',
    `the host ${JSON.stringify(name)} is not known here: name it in the option "hosts"`,
  )
}

/**
 * Pages of other sites are refused: browsers say where a request comes from.
 * @throws Problem `cross-site`
 */
export function checkSite(headers: Headers): void {
  const site = headers.get('sec-fetch-site')
  const isForeign = site !== null && site !== 'same-origin' && site !== 'none'
  const origin = headers.get('origin')
  if (!isForeign && (origin === null || isSame(origin, headers.get('host')))) return
  throw new Problem('cross-site', 'pages of other sites may not ask here')
}

/** The Host header without its port, in lower case; IPv6 without brackets. */
function hostname(host: string | undefined): string {
  const text = (host ?? '').toLowerCase()
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)
  return bracketed?.[1] ?? text.replace(/:\d+$/, '').replace(/\.$/, '')
}

function isSame(origin: string, host: string | null): boolean {
  if (!URL.canParse(origin)) return false
  return new URL(origin).host === host?.toLowerCase()
}
