/** Has what runs take over a part of a configuration that has changed. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { Broker } from '../broker.ts'
import type { BrokerOptions } from '../broker-options.ts'
import { isPlaced } from '../order.ts'
import { nameOf } from './parsed.ts'
import type { Part } from './parts.ts'
import { isPlace, makerOf } from './parts.ts'

/** A middleware that takes other options while it runs. */
interface Changeable extends MiddlewareLike {
  readonly config?: object
  /** Takes all of them, and answers when they hold. */
  replace?(options: object): Promise<unknown>
  /** Answers the names of those that it does not take. */
  reconfigure?(options: object): readonly string[]
  /** Why an option that it does not take stays as it is. */
  whyKept?(option: string): string | undefined
}

/** What stays as it is until the next start. */
export interface Kept {
  /** `keepalive.sweep`. */
  readonly name: string
  readonly reason: string
}

const AT_START = 'it is read at the start alone'
const NOT_ADDED = 'a broker that runs gets no new middleware'
const NOT_TAKEN = 'a broker that runs loses no middleware'

/**
 * Applies what can be applied.
 * @param made What the new configuration says, made.
 * @throws what the middleware refuses: nothing has changed then.
 */
export async function applyPart({ path, value }: Part, made: BrokerOptions, broker: Broker): Promise<Kept[]> {
  const name = nameOf(path)
  const maker = makerOf(path)
  if (maker === undefined) return [{ name, reason: AT_START }]
  const running = broker.stack.middlewares.find((one) => one.name === maker) as Changeable | undefined
  // A place without options has its defaults; a section that is gone is another broker.
  const isGone = value === false || (value === undefined && !isPlace(path))
  if (running === undefined) return [{ name, reason: NOT_ADDED }]
  if (isGone) return [{ name, reason: NOT_TAKEN }]
  const options = madeOf(maker, made)?.config ?? (value as object | undefined) ?? {}
  if (running.replace !== undefined) {
    await running.replace(options)
    return []
  }
  const left = running.reconfigure?.(options)
  if (left === undefined) return [{ name, reason: AT_START }]
  return left.map((option) => ({
    name: `${name}.${option}`,
    reason: running.whyKept?.(option) ?? AT_START,
  }))
}

/** The middleware of a section, as the new configuration has made it. */
export function madeOf(
  name: string,
  { use = [], admin, metrics, tracing }: BrokerOptions,
): Changeable | undefined {
  const made = [admin, metrics, tracing].filter(
    (one): one is MiddlewareLike => typeof one === 'object' && 'name' in one,
  )
  return [...use, ...made]
    .map((one) => (isPlaced(one) ? one.middleware : one))
    .find((one) => one.name === name)
}
