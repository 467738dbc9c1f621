/** Settings that take back what they are there for. */
import type { ListenerValue } from '../config/config-value.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Path } from '../config/parsed.ts'
import type { Exposure } from './exposure.ts'
import type { Add } from './findings.ts'

const ANYWHERE = /^(?:0\.0\.0\.0|::)\/0$/
/** Without one of them a single address, or whoever tries passwords, has no bound. */
const BOUNDS = [
  'connectionsPerAddress',
  'connectRatePerAddress',
  'failures',
  'failuresPerAddress',
  'failuresPerName',
  'memory',
] as const

interface Trusting {
  readonly from?: string | readonly string[]
}

/** Proxies that anybody is, and pages of every site. */
export function ofSettings(
  listener: ListenerValue | undefined,
  { url, loopback }: Exposure,
  path: Path,
  add: Add,
): void {
  for (const key of ['proxy', 'forwardedFor']) {
    const from = (listener?.[key] as Trusting | undefined)?.from ?? []
    const wide = [from].flat().find((one) => ANYWHERE.test(one))
    if (wide !== undefined)
      add(
        'warning',
        [...path, key],
        `${url}: ${wide} is everybody, who may then say to come from anywhere: name the proxies`,
      )
  }
  const origins = [(listener?.origins as string | readonly string[] | undefined) ?? []].flat()
  if (!loopback && origins.includes('*'))
    add(
      'warning',
      [...path, 'origins'],
      `${url}: pages of every web site may connect ("*"): name their origins`,
    )
}

export function ofLimits({ value }: LoadedConfig, exposures: readonly Exposure[], add: Add): void {
  if (value.limits === undefined || exposures.every(({ local }) => local)) return
  const off = BOUNDS.filter((name) => value.limits?.[name] === 0)
  if (off.length > 0) add('warning', ['limits', off[0]], `${off.join(', ')}: 0 is no bound at all`)
}
