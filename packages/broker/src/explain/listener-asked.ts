/** The listeners that a question is about. */
import type { Listener, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Address } from '../listeners/address.ts'
import { urlOf } from '../listeners/address.ts'
import { isProvider } from '../listeners/check-providers.ts'
import { parseListenUrl } from '../listeners/listen-url.ts'

/** What is known of a listener: by its name, or by where it listens. */
export interface NamedListener extends Pick<Listener, 'name' | 'providers' | 'limits'> {
  readonly transport: Address['transport']
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly path?: string | undefined
}

/**
 * Those that a client may come by: all, or the one that is named, by its name or its address.
 * @throws StackError `OPTION_INVALID` with those that there are.
 */
export function listenersAsked(
  all: readonly NamedListener[],
  wanted: string | undefined,
): readonly NamedListener[] {
  if (wanted === undefined) return all
  const found = all.find(({ name }) => name === wanted) ?? all.find((one) => isAt(one, wanted))
  if (found !== undefined) return [found]
  const known = all.map(nameOfListener).join(', ') || 'none'
  throw new StackError('OPTION_INVALID', `explain: unknown listener "${wanted}" (known: ${known})`)
}

/** Its name, or its address. */
export function nameOfListener(listener: NamedListener): string {
  const { name, transport, host, path } = listener
  const isAttached = host === undefined && transport !== 'unix'
  return name ?? (isAttached ? `${path}` : urlOf(listener))
}

/**
 * Why nobody has a name at a listener: those alone are asked there who let in clients that nobody knows. `undefined`
 * where somebody may have one.
 */
export function whyNameless(
  { middlewares }: Stack,
  { providers }: Pick<Listener, 'providers'>,
): string | undefined {
  if (providers === undefined) return undefined
  const asked = middlewares.filter((one) => providers.includes(one.name) && isProvider(one))
  if (asked.some(({ name }) => name !== 'Anonymous')) return undefined
  return 'it lets in clients without a name alone'
}

function isAt(listener: NamedListener, wanted: string): boolean {
  try {
    const { transport, host, port = listener.port, path = listener.path } = parseListenUrl(wanted)
    const same = transport === listener.transport && path === listener.path
    return transport === 'unix' ? same : same && host === listener.host && port === listener.port
  } catch {
    return false
  }
}
